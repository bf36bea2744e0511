import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// Services and their replicas: what they are, why, and what is to be done with them.
enum ServiceRoutes {
    static let all: [Route] =
        [
            .get("/v1/services") { call throws(ControlProblem) in
                try call.checkQuery([])
                return try Response(await call.controller.services())
            },
            .get("/v1/services/{name}") { call throws(ControlProblem) in
                try call.checkQuery([])
                return try Response(try await call.controller.service(try call.service))
            },
            .get("/v1/services/{name}/explain") { call throws(ControlProblem) in
                try call.checkQuery([])
                return try Response(try await call.controller.explain(try call.service, replica: nil))
            },
            .get("/v1/replicas/{name}/{index}/explain") { call throws(ControlProblem) in
                try call.checkQuery([])
                return try Response(try await call.controller.explain(try call.service, replica: try call.replica))
            },
        ] + ServiceAction.allCases.flatMap { [some($0), one($0)] }

    /// The action on the services that the body lists.
    private static func some(_ action: ServiceAction) -> Route {
        .post("/v1/\(action.rawValue)") { call throws(ControlProblem) in
            try call.checkQuery([])
            let selection = try await call.body(ServiceSelection.self)
            var names: [ServiceName] = []
            for text in selection.services {
                guard let name = ServiceName(text) else { throw .noSuchService(text) }
                names.append(name)
            }
            return try Response(try await call.controller.perform(.services(action, names)), status: .accepted)
        }
    }

    /// The action on the service that the path names.
    private static func one(_ action: ServiceAction) -> Route {
        .post("/v1/services/{name}/\(action.rawValue)") { call throws(ControlProblem) in
            try call.checkQuery([])
            try await call.checkNoBody()
            let name = try call.service
            return try Response(try await call.controller.perform(.services(action, [name])), status: .accepted)
        }
    }
}
