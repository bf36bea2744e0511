import ArgumentParser
import ControlProtocol

/// The daemon's command line. Operators and developers use `stackctl`; systemd and `stackctl` use this.
public enum Stackd {
    /// Runs what the process's arguments ask for, and ends the process.
    public static func main() -> Never {
        StackdCommand.main()
        StackdCommand.exit()
    }
}

struct StackdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stackd", abstract: "Runs a stack of processes from one stack file.",
        discussion: "stackctl up starts it with the right arguments; stackctl drives it.",
        version: productVersion, subcommands: [RunCommand.self, DoctorCommand.self])
}
