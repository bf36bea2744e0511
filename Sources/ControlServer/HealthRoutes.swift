import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// For whatever watches the daemon.
enum HealthRoutes {
    static let all: [Route] = [
        .get(
            "/healthz", .read, "That the daemon answers.",
            answers: [.json([String: String].self, "It does.")]
        ) { call throws(ControlProblem) in
            // One hop to the daemon's loop: it must turn for that.
            _ = await call.controller.stack()
            return Response(["status": "ok"])
        },
        .get(
            "/readyz", .read, "Whether every service is as it should be.",
            answers: [
                .json(ReadinessDocument.self, "Every service is."),
                .json(ReadinessDocument.self, "Some services are not.", status: .serviceUnavailable),
            ]
        ) { call throws(ControlProblem) in
            let waiting = await call.controller.services().filter { !$0.ready }.map(\.name)
            return Response(ReadinessDocument(waiting: waiting), status: waiting.isEmpty ? .ok : .serviceUnavailable)
        },
        .get(
            "/metrics", .read, "The stack and the daemon in numbers, for Prometheus.",
            answers: [
                Route.Answer(
                    status: .ok, text: "Prometheus' text format.", content: (PrometheusText.mediaType, .string()))
            ]
        ) { call throws(ControlProblem) in
            let metrics = await call.controller.metrics()
            return Response(
                text: PrometheusText.render(metrics, call.statistics.counts), mediaType: PrometheusText.mediaType)
        },
    ]
}
