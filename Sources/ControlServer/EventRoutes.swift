import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// What happens in the stack.
enum EventRoutes {
    static let all: [Route] = [
        .get(
            "/v1/events", .read, "What happens in the stack, and why.",
            """
            Without `follow` a client that takes application/json gets the kept events as an array, and any other the \
            stream. Every message's id names its event and the run of the daemon: a client that comes back with it as \
            Last-Event-ID misses nothing, and is told by a gap what is no longer kept. After the daemon was started \
            anew it gets everything that the new one keeps, whose numbers begin with 1.
            """,
            query: [
                .follow("Go on with the events that come. Without it: true, except for application/json."),
                Route.Parameter(
                    name: "since", schema: .string(),
                    text: "The events after this number or id, or of this time (RFC 3339) and later. Without it: from "
                        + "now on where they are followed, and all otherwise."),
                .lastEventID("The id of the last message that was seen; it wins over `since`."),
            ],
            answers: [
                .events(EventDocument.self, "The events, as server-sent events."),
                .json([StreamRecord<EventDocument>].self, "The kept events."),
            ], problems: [.notAcceptable, .tooManyConnections, .shuttingDown]
        ) { call throws(ControlProblem) in
            let wantsArray = call.accepts("application/json") && !call.accepts(StreamFormat.serverSentEvents.mediaType)
            let follow = try call.follow ?? !wantsArray
            guard !(follow && wantsArray) else { throw .notAcceptable }
            let query = EventQuery(start: try start(call) ?? (follow ? .now : .after(0)), follow: follow)
            let subscription = await call.controller.events(query)
            guard follow || call.accepts(StreamFormat.serverSentEvents.mediaType) else {
                return Response(subscription.backlog)
            }
            let numbering = EventNumbers(run: call.run)
            return try Response(streaming: subscription, as: .serverSentEvents, to: call, numbering: numbering)
        }
    ]

    /// Where to begin: after the last event that a client which comes back has seen, or where it says.
    private static func start(_ call: Call) throws(ControlProblem) -> EventQuery.Start? {
        if let last = call.lastEventID {
            guard let position = EventPosition(last) else {
                throw .badRequest("Last-Event-ID: \(last): expected the id of a message")
            }
            return position.start(in: call.run)
        }
        return try call.value("since", "the number of an event, or a time as RFC 3339 writes it") { text in
            EventPosition(text)?.start(in: call.run) ?? Timestamp(text).map { .since($0) }
        }
    }
}

extension Route.Parameter {
    static func follow(_ text: String) -> Route.Parameter {
        Route.Parameter(name: "follow", schema: .boolean, text: text)
    }

    static func lastEventID(_ text: String) -> Route.Parameter {
        Route.Parameter(name: "Last-Event-ID", schema: .string(), text: text, place: .header)
    }
}

extension ControlProblem {
    static var notAcceptable: ControlProblem {
        ControlProblem(
            .notAcceptable,
            "what is followed comes as text/event-stream; with follow=false it comes as application/json")
    }
}
