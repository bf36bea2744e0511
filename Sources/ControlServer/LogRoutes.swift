import ControlProtocol
import HummingbirdCore
import StackModel

/// What the services print.
enum LogRoutes {
    static let all: [Route] = [
        .get("/v1/logs") { call throws(ControlProblem) in
            try call.checkQuery(["service", "tail", "follow"])
            let names = call.values("service")
            for name in names where ServiceName(name) == nil { throw .noSuchService(name) }
            let tail = try call.value("tail", "how many lines, or all") { text -> Int?? in
                if text == "all" { return .some(nil) }
                return Int(text).flatMap { $0 >= 0 ? .some($0) : nil }
            }
            let query = LogQuery(services: names, tail: tail ?? nil, follow: try call.follow ?? false)
            return try Response(
                streaming: try await call.controller.logs(query), as: format(query, call), to: call
            ) { _ in nil }
        }
    ]

    /// As the client wants it; otherwise as one reads it best: a file as lines, a stream as events.
    private static func format(_ query: LogQuery, _ call: Call) -> StreamFormat {
        if call.accepts(StreamFormat.lines.mediaType) { return .lines }
        return query.follow || call.accepts(StreamFormat.serverSentEvents.mediaType) ? .serverSentEvents : .lines
    }
}
