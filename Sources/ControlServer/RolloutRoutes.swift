import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// How services are replaced, and having a say in it.
enum RolloutRoutes {
    static let all: [Route] = [
        .get(
            "/v1/services/{name}/rollout", .read, "Where the rollout of a service stands, and its revisions so far.",
            answers: [.json(RolloutStatusDocument.self, "The rollout, where there is one, and the history.")],
            problems: [.noSuchService]
        ) { call throws(ControlProblem) in
            let service = try await call.controller.service(try call.service)
            return Response(
                RolloutStatusDocument(service: service.name, rollout: service.rollout, history: service.history))
        },
        .rollout(
            "pause", "Pauses a rollout.", "Replicas that come already come; no more are replaced.",
            problems: [.noRollout]
        ) { _ throws(ControlProblem) in .pause },
        .rollout(
            "resume", "Goes on with a rollout that somebody has paused, or that has failed and stands still.",
            problems: [.noRollout]
        ) { _ throws(ControlProblem) in .resume },
        .rollout(
            "promote", "Goes on to the next step of a rollout now.",
            "A pause or an analysis that it stands at counts as passed; with `fully`, so do all that come.",
            body: .document(PromoteRequest.self), problems: [.noRollout]
        ) { call throws(ControlProblem) in
            .promote(fully: try await call.body(PromoteRequest.self).fully)
        },
        .rollout(
            "undo", "Goes back to a former revision of a service, by a rollout.",
            "Without a number to the latest good one but the present, also in the middle of a rollout.",
            body: .document(UndoRequest.self), problems: [.noRollout, .noSuchRevision]
        ) { call throws(ControlProblem) in
            .undo(to: try await call.body(UndoRequest.self).revision)
        },
    ]
}

extension Route {
    /// A command to a service's rollout.
    fileprivate static func rollout(
        _ word: String, _ summary: String, _ text: String = "", body: Body = .none,
        problems: [ControlProblem.Code],
        _ command: @escaping @Sendable (Call) async throws(ControlProblem) -> RolloutCommand
    ) -> Route {
        .post(
            "/v1/services/{name}/rollout/\(word)", .operate, summary, text, body: body, answers: [.accepted],
            problems: [.noSuchService, .shuttingDown] + problems
        ) { call throws(ControlProblem) in
            let order = ControlCommand.rollout(try call.service, try await command(call))
            return Response(try await call.controller.perform(order), status: .accepted)
        }
    }
}
