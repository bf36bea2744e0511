import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// Services and their replicas: what they are, why, and what is to be done with them.
enum ServiceRoutes {
    static let all: [Route] =
        [
            .get(
                "/v1/services", .read, "Every service, in the order of their names.",
                answers: [.json([ServiceDocument].self, "The services and their replicas.")]
            ) { call throws(ControlProblem) in
                Response(await call.controller.services())
            },
            .get(
                "/v1/services/{name}", .read, "One service.",
                answers: [.json(ServiceDocument.self, "The service and its replicas.")], problems: [.noSuchService]
            ) { call throws(ControlProblem) in
                Response(try await call.controller.service(try call.service))
            },
            .get(
                "/v1/services/{name}/explain", .read, "Why a service is in its state.",
                "Of its replicas that is explained which is not as it should be; where it has none, why it has none.",
                answers: [.json([EventDocument].self, explanation)], problems: [.noSuchService]
            ) { call throws(ControlProblem) in
                Response(try await call.controller.explain(try call.service, replica: nil))
            },
            .get(
                "/v1/replicas/{name}/{index}/explain", .read, "Why a replica is in its state.",
                "Of one that is being replaced while it serves, what is to take its place comes first.",
                answers: [.json([EventDocument].self, explanation)], problems: [.noSuchService, .noSuchReplica]
            ) { call throws(ControlProblem) in
                Response(try await call.controller.explain(try call.service, replica: try call.replica))
            },
            .post(
                "/v1/services/{name}/kill", .operate, "Sends a signal to the main processes of a service.",
                body: .document(KillRequest.self), answers: [.accepted],
                problems: [.noSuchService, .noSuchReplica, .notRunning, .shuttingDown]
            ) { call throws(ControlProblem) in
                let request = try await call.body(KillRequest.self)
                let command = ControlCommand.signal(
                    try call.service, replica: request.replica, try Signal(checking: request.signal))
                return Response(try await call.controller.perform(command), status: .accepted)
            },
        ] + ServiceAction.allCases.flatMap { [some($0), one($0)] }

    private static let explanation = "The newest event, its cause, the cause's cause, …."

    /// The action on the services that the body lists.
    private static func some(_ action: ServiceAction) -> Route {
        .post(
            "/v1/\(action.rawValue)", .operate, "\(action.sentence), or all where none is named.", action.text,
            body: .document(ActionRequest.self), answers: [.accepted], problems: [.noSuchService, .shuttingDown]
        ) { call throws(ControlProblem) in
            let request = try await call.body(ActionRequest.self)
            var names: [ServiceName] = []
            for text in request.services {
                guard let name = ServiceName(text) else { throw .noSuchService(text) }
                names.append(name)
            }
            let command = try ControlCommand(action, names, request)
            return Response(try await call.controller.perform(command), status: .accepted)
        }
    }

    /// The action on the service that the path names.
    private static func one(_ action: ServiceAction) -> Route {
        .post(
            "/v1/services/{name}/\(action.rawValue)", .operate, "\(action.sentence): the one that is named.",
            action.text, body: .document(ActionRequest.self), answers: [.accepted],
            problems: [.noSuchService, .shuttingDown]
        ) { call throws(ControlProblem) in
            let request = try await call.body(ActionRequest.self)
            guard request.services.isEmpty else { throw .badRequest("services: the path names the service") }
            let command = try ControlCommand(action, [try call.service], request)
            return Response(try await call.controller.perform(command), status: .accepted)
        }
    }
}

extension ServiceAction {
    fileprivate var sentence: String {
        switch self {
        case .start: "Starts services, and all that they depend on"
        case .stop: "Stops services, dependents before what they depend on"
        case .restart: "Replaces the instances of services by new ones"
        }
    }

    fileprivate var text: String {
        switch self {
        case .start, .stop: ""
        case .restart:
            "It is a rollout of the same definition, with the executable as it is on the disk now; with `at_once` all "
                + "are stopped, then started."
        }
    }
}

extension Signal {
    /// - Throws: `bad_request`.
    init(checking text: String) throws(ControlProblem) {
        guard let signal = Signal(text: text) else {
            throw .badRequest("signal: \"\(text)\" is none; expected SIGHUP, HUP or 1")
        }
        self = signal
    }
}
