import ArgumentParser
import ControlClient
import ControlProtocol

struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happened and what was decided, with the reasons.",
        discussion: """
            --output json prints an object a line: id, time, subject, service, replica, instance, code, text, cause \
            (the id of the event that led to it); or gap, where events are missing.
            """,
        examples: [
            "stackctl events --since 1h", "stackctl events -f --json | jq -r 'select(.code == \"exited\") | .subject'",
        ])

    @OptionGroup var global: GlobalOptionsBesideFollow

    @Flag(name: .shortAndLong, help: "Go on with the events that come.")
    var follow = false

    @Option(
        help: ArgumentHelp(
            "Only events of this time and later: 2026-11-23T09:00, or 10m for so long ago.",
            valueName: "time"))
    var since: TimeArgument?

    @Flag(help: "The same as --output json.")
    var json = false

    func run() async throws {
        let client = try await global.stack.client()
        let output = TextOutput.standardOutput()
        let format = json ? .json : global.common.output
        let start = since.map { EventQuery.Start.since($0.timestamp()) } ?? .after(0)
        func write(_ record: StreamRecord<EventDocument>) throws {
            try output.writeLine(eventLine(record, format: format, palette: output.palette))
        }
        guard follow else {
            for record in try await client.recentEvents(start) { try write(record) }
            return
        }
        var next = start
        var daemon: StackDocument.Daemon?
        let stream = FollowedStream<EventDocument>(errors: Console(.standardError())) {
            () throws(ControlClientError) in
            let current = try await client.stack().daemon
            // Another one counts its events from 1 again.
            if let daemon, daemon != current { next = .after(0) }
            daemon = current
            return try await client.events(next)
        }
        try await stream.forEach { record in
            if case .item(let event) = record { next = .after(event.id) }
            try write(record)
        }
    }
}
