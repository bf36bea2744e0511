import ArgumentParser
import ControlClient
import ControlProtocol

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what the services have written.")

    @OptionGroup var global: GlobalOptionsBesideFollow

    @Flag(name: .shortAndLong, help: "Go on with the lines that come.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("So many of the newest lines of each replica, or \"all\".", valueName: "lines"))
    var tail = Tail.all

    @Flag(help: "Without colours; also NO_COLOR.")
    var noColor = false

    @Flag(help: "Without the service's name before each line.")
    var noLogPrefix = false

    @Flag(name: .shortAndLong, help: "With the time before each line.")
    var timestamps = false

    @Argument(help: "The services; none means all.")
    var services: [String] = []

    func run() async throws {
        let client = try global.stack.client()
        let all = try await client.services()
        try checkServices(services, among: all.map(\.name))
        let output = Console(.standardOutput(isColourDeclined: noColor))
        let format = LogPrinter.Format(output: global.common.output, hasPrefix: !noLogPrefix, hasTime: timestamps)
        var printer = LogPrinter(format, services: all, palette: output.output.palette)
        let lines = try await client.logs(LogQuery(services: services, tail: tail.count, follow: follow))
        do {
            for try await record in lines { try await output.print(printer.line(for: record)) }
        } catch ControlClientError.disconnected where follow {
            // The daemon has ended, and so has what it had to tell.
        }
    }

    /// The value of `--tail`.
    enum Tail: ExpressibleByArgument, Hashable {
        case all
        case lines(Int)

        init?(argument: String) {
            if argument == "all" {
                self = .all
            } else if let count = Int(argument), count >= 0 {
                self = .lines(count)
            } else {
                return nil
            }
        }

        var defaultValueDescription: String { "all" }

        var count: Int? {
            switch self {
            case .all: nil
            case .lines(let count): count
            }
        }
    }
}
