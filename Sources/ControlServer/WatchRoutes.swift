import ControlProtocol
import HummingbirdCore
import StackModel

/// Restarting what changes.
enum WatchRoutes {
    static let all: [Route] = [
        .post(
            "/v1/watch", .operate, "Restarts services whose watched files change, for as long as the answer is read.",
            "What is watched is said by `develop.watch` in the stack file.",
            answers: [.events(WatchDocument.self, "The restarts, as server-sent events.")],
            problems: [.tooManyConnections, .shuttingDown]
        ) { call throws(ControlProblem) in
            try Response(
                streaming: await call.controller.watch(), as: .serverSentEvents, to: call, numbering: NoNumbers())
        }
    ]
}
