import ControlProtocol
import HTTPTypes
import HummingbirdCore

/// The stack as a whole.
enum StackRoutes {
    static let all: [Route] = [
        .get("/v1/stack") { call throws(ControlProblem) in
            try call.checkQuery([])
            return try Response(await call.controller.stack())
        },
        .get("/v1/doctor") { call throws(ControlProblem) in
            try call.checkQuery([])
            return try Response(await call.controller.doctor())
        },
        .post("/v1/shutdown") { call throws(ControlProblem) in
            try call.checkQuery([])
            let request = try await call.body(ShutdownRequest.self)
            let accepted = try await call.controller.perform(.shutdown(immediately: request.immediately))
            return try Response(accepted, status: .accepted)
        },
    ]
}
