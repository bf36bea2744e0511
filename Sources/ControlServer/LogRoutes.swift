import ControlProtocol
import HummingbirdCore
import StackModel

/// What the services print.
enum LogRoutes {
    static let all: [Route] = [
        .get(
            "/v1/logs", .read, "What the services print.",
            """
            As server-sent events where they are followed or asked for, otherwise as one JSON document a line. Every \
            message's id is how far the client has come in the logs of all replicas: with it as Last-Event-ID, or as \
            `after`, a client that comes back gets every line after it, once.
            """,
            query: [
                Route.Parameter(
                    name: "service", schema: .string(), text: "A service; all where none is named.", isList: true),
                Route.Parameter(
                    name: "tail", schema: .string(),
                    text: "How many of the newest lines of each replica come first, of those that the other parameters "
                        + "let through; all: as many as are kept."),
                .time("since", "Lines of this time and later"), .time("until", "Lines of before this time"),
                Route.Parameter(
                    name: "grep", schema: .string(),
                    text: "Lines in which this POSIX extended regular expression matches."),
                .follow("Go on with the lines that come. Without it: false."),
                Route.Parameter(
                    name: "after", schema: .string(), text: "The id of the last message that was seen."),
                .lastEventID("The same; it wins over `after`."),
            ],
            answers: [
                .events(LogLine.self, "The lines, as server-sent events."),
                .stream(LogLine.self, as: .lines, "The lines, one JSON document each."),
            ], problems: [.noSuchService, .tooManyConnections, .shuttingDown]
        ) { call throws(ControlProblem) in
            let query = try query(call)
            return try Response(
                streaming: try await call.controller.logs(query), as: format(query, call), to: call,
                numbering: LogPositions(after: query.after))
        }
    ]

    private static func query(_ call: Call) throws(ControlProblem) -> LogQuery {
        let names = call.values("service")
        for name in names where ServiceName(name) == nil { throw .noSuchService(name) }
        let tail = try call.value("tail", "how many lines, or all") { text -> Int?? in
            if text == "all" { return .some(nil) }
            return Int(text).flatMap { $0 >= 0 ? .some($0) : nil }
        }
        let after: LogPosition?
        if let last = call.lastEventID {
            after = LogPosition(last)
            guard after != nil else { throw .badRequest("Last-Event-ID: \(last): expected the id of a message") }
        } else {
            after = try call.value("after", "the id of a message") { LogPosition($0) }
        }
        return LogQuery(
            services: names, tail: tail ?? nil, since: try call.time("since"), until: try call.time("until"),
            pattern: try call.value("grep", "a POSIX extended regular expression, not too large when written out") {
                LineExpression.accepts($0) ? $0 : nil
            },
            follow: try call.follow ?? false, after: after)
    }

    /// As the client wants it; otherwise as one reads it best: a file as lines, a stream as events.
    private static func format(_ query: LogQuery, _ call: Call) -> StreamFormat {
        if call.accepts(StreamFormat.lines.mediaType) { return .lines }
        return query.follow || call.accepts(StreamFormat.serverSentEvents.mediaType) ? .serverSentEvents : .lines
    }
}

extension Route.Parameter {
    fileprivate static func time(_ name: String, _ text: String) -> Route.Parameter {
        Route.Parameter(
            name: name, schema: .string(), text: "\(text): as RFC 3339 writes it, or as how long ago (10m).")
    }
}

extension Call {
    /// A point in time, or a time ago.
    fileprivate func time(_ name: String) throws(ControlProblem) -> Timestamp? {
        try value(name, "a time as RFC 3339 writes it, or a duration") { text in
            Timestamp(text)
                ?? Duration(text: text).map { ago in
                    Timestamp(milliseconds: Timestamp.now.milliseconds - ago.wholeNanoseconds / 1_000_000)
                }
        }
    }
}
