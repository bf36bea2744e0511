import ArgumentParser
import ControlProtocol
import Glibc

/// What `exec` and `run` have in common.
struct ExecutionOptions: ParsableArguments {
    enum Terminal: Hashable, Sendable, CaseIterable, EnumerableFlag {
        case wanted, declined

        static func name(for value: Terminal) -> NameSpecification {
            switch value {
            case .wanted: [.customShort("t"), .customLong("tty")]
            case .declined: [.customShort("T"), .customLong("no-tty")]
            }
        }

        static func help(for value: Terminal) -> ArgumentHelp? {
            switch value {
            case .wanted: "With a terminal; without either, where standard input and output are one."
            case .declined: "Without a terminal, as for a pipe."
            }
        }
    }

    @Flag(exclusivity: .chooseLast)
    var terminal: Terminal?

    @Flag(
        name: [.customShort("i"), .long], inversion: .prefixedNo, exclusivity: .chooseLast,
        help: "Whether it reads this standard input, or none.")
    var interactive = true

    @Flag(name: .shortAndLong, help: "Leave it running; its output goes to the service's log.")
    var detach = false

    @Option(
        name: [.customShort("e"), .customLong("env")], parsing: .singleValue,
        help: ArgumentHelp("A variable over those of the service; may be given several times.", valueName: "name=value")
    )
    var environment: [EnvironmentArgument] = []

    @Option(name: .shortAndLong, help: "In place of the service's user.")
    var user: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("In place of the service's working directory.", valueName: "directory"),
        completion: .directory)
    var workdir: String?

    /// The request that these make, with the size of the terminal where one is to be made.
    func request(
        _ command: [String], replica: Int? = nil, own environment: [String: String], size: TerminalSize?
    ) -> ExecutionRequest {
        var request = ExecutionRequest(
            command: command, environment: EnvironmentArgument.variables(of: self.environment, own: environment),
            user: user, workingDirectory: workdir, replica: replica, input: interactive && !detach, detach: detach)
        guard !detach, wantsTerminal(size) else { return request }
        let size = size ?? .usual
        request.terminal = ExecutionRequest.TerminalSize(rows: size.rows, columns: size.columns)
        // The terminal that it draws on is this one, whatever the daemon was started from.
        if request.environment["TERM"] == nil { request.environment["TERM"] = environment["TERM"] }
        return request
    }

    private func wantsTerminal(_ size: TerminalSize?) -> Bool {
        switch terminal {
        case .wanted: true
        case .declined: false
        case nil: interactive && size != nil
        }
    }
}
