import ArgumentParser
import ControlClient
import ControlProtocol

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the services have written, merged by time.",
        discussion: """
            With -f it goes on until the stack is stopped, also over a daemon that was killed and comes back, without \
            a line twice or left out. --output json prints \
            an object a line: time, service, replica, stream, sequence, text; or gap, where lines are missing.
            """,
        examples: [
            "stackctl logs -f --tail 100", "stackctl logs --since 10m --grep 'error|panic' backend db",
            "stackctl logs --since 2026-11-23T09:00 --until 2026-11-23T09:30 -t",
        ])

    @OptionGroup var global: GlobalOptionsBesideFollow

    @Flag(name: .shortAndLong, help: "Go on with the lines that come.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("So many of the newest lines of each replica, or \"all\".", valueName: "lines"))
    var tail = Tail.all

    @Option(
        help: ArgumentHelp(
            "Only lines of this time and later: 2026-11-23T09:00, or 10m for so long ago.",
            valueName: "time"))
    var since: TimeArgument?

    @Option(help: ArgumentHelp("Only lines of before this time.", valueName: "time"))
    var until: TimeArgument?

    @Option(
        help: ArgumentHelp("Only lines in which this POSIX extended regular expression matches.", valueName: "regex"))
    var grep: String?

    @Flag(help: "Without colours; also NO_COLOR.")
    var noColor = false

    @Flag(help: "Without the service's name before each line.")
    var noLogPrefix = false

    @Flag(name: .shortAndLong, help: "With the time before each line.")
    var timestamps = false

    @Argument(help: "The services; none means all.", completion: .services)
    var services: [String] = []

    func run() async throws {
        let client = try await global.stack.client()
        let all = try await servicesOrWhereFilesAre(client)
        try checkServices(services, among: all.map(\.name))
        let output = Console(.standardOutput(isColourDeclined: noColor))
        let format = LogPrinter.Format(output: global.common.output, hasPrefix: !noLogPrefix, hasTime: timestamps)
        var printer = LogPrinter(format, services: all, palette: output.output.palette)
        let query = query(now: .now())
        guard follow else {
            for try await record in try await client.logs(query) { try await output.print(printer.line(for: record)) }
            return
        }
        try await followed(query, from: client) { record in try await output.print(printer.line(for: record)) }
    }

    private func query(now: Timestamp) -> LogQuery {
        LogQuery(
            services: services, tail: tail.count, since: since?.timestamp(now: now), until: until?.timestamp(now: now),
            pattern: grep, follow: follow)
    }

    private func followed(
        _ query: LogQuery, from client: ControlClient, _ take: (StreamRecord<LogLine>) async throws -> Void
    ) async throws {
        var position = LogPosition()
        let stream = FollowedStream<LogLine>(errors: Console(.standardError(isColourDeclined: noColor))) {
            () throws(ControlClientError) in
            var query = query
            if !position.numbers.isEmpty { query.after = position }
            return try await client.logs(query)
        }
        try await stream.forEach { record in
            if case .item(let line) = record { position.advance(over: line) }
            try await take(record)
        }
    }

    /// Without a daemon its files are still there.
    private func servicesOrWhereFilesAre(_ client: ControlClient) async throws -> [ServiceDocument] {
        let services = try await ifDaemonListens { () throws(ControlClientError) in try await client.services() }
        if let services { return services }
        var failure = CommandFailure(.noDaemon(client.socketPath))
        if let directory = try global.stack.stackIfFound()?.paths.logs {
            failure.advice = "what was written is in \(directory); \"stackctl up -d\" starts the stack"
        }
        throw failure
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
