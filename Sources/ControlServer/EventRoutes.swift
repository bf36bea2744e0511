import ControlProtocol
import HTTPTypes
import HummingbirdCore

/// What happens in the stack.
enum EventRoutes {
    static let all: [Route] = [
        .get("/v1/events") { call throws(ControlProblem) in
            try call.checkQuery(["follow", "since"])
            let wantsArray = call.accepts("application/json") && !call.accepts(StreamFormat.serverSentEvents.mediaType)
            let follow = try call.follow ?? !wantsArray
            guard !(follow && wantsArray) else { throw .notAcceptable }
            let query = EventQuery(start: try start(call) ?? (follow ? .now : .after(0)), follow: follow)
            let subscription = await call.controller.events(query)
            guard follow || call.accepts(StreamFormat.serverSentEvents.mediaType) else {
                return try Response(subscription.backlog)
            }
            return try Response(streaming: subscription, as: .serverSentEvents, to: call) { String($0.id) }
        }
    ]

    /// Where to begin: after the last event that a client which comes back has seen, or where it says.
    private static func start(_ call: Call) throws(ControlProblem) -> EventQuery.Start? {
        if let name = HTTPField.Name("Last-Event-ID"), let last = call.request.headers[name] {
            guard let number = UInt64(last) else {
                throw .badRequest("Last-Event-ID: \(last): expected the number of an event")
            }
            return .after(number)
        }
        return try call.value("since", "the number of an event, or a time as RFC 3339 writes it") { text in
            UInt64(text).map { .after($0) } ?? Timestamp(text).map { .since($0) }
        }
    }
}

extension ControlProblem {
    static var notAcceptable: ControlProblem {
        ControlProblem(
            code: .notAcceptable, status: 406, title: "Not acceptable",
            detail: "what is followed comes as text/event-stream; with follow=false it comes as application/json")
    }
}
