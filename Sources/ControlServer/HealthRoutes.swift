import ControlProtocol
import HTTPTypes
import HummingbirdCore

/// For whatever watches the daemon.
enum HealthRoutes {
    static let all: [Route] = [
        // That the daemon answers is all there is to say.
        .get("/healthz") { call throws(ControlProblem) in
            _ = await call.controller.stack()
            return try Response(["status": "ok"])
        },
        .get("/readyz") { call throws(ControlProblem) in
            let waiting = await call.controller.services().filter { !$0.ready }.map(\.name)
            return try Response(
                ReadinessDocument(waiting: waiting), status: waiting.isEmpty ? .ok : .serviceUnavailable)
        },
    ]
}
