import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// How many replicas services have, and why.
enum ScalingRoutes {
    static let all: [Route] = [
        .get(
            "/v1/services/{name}/scaling", .read, "How many replicas a service should have, and who says so.",
            "Of one with an autoscaler: its latest decisions, each with all that it was made from.",
            answers: [.json(ScalingStatusDocument.self, "The number, and the decisions.")], problems: [.noSuchService]
        ) { call throws(ControlProblem) in
            Response(try await call.controller.scaling(of: try call.service))
        },
        .post(
            "/v1/services/{name}/scale", .operate, "Asks for another number of replicas of a service.",
            """
            It holds until the file is applied with another number, or the autoscaler decides otherwise; with 0, the \
            autoscaler of a service that has at least one does not decide until somebody asks for more.
            """, body: .document(ScaleRequest.self),
            answers: [.json(ScaledDocument.self, "It is accepted, and counts from now on.", status: .accepted)],
            problems: [.noSuchService, .shuttingDown]
        ) { call throws(ControlProblem) in
            let count = try await call.body(ScaleRequest.self).replicas
            guard (0...ScaleRequest.countLimit).contains(count) else {
                throw .badRequest("replicas: expected a number from 0 to \(ScaleRequest.countLimit)")
            }
            return Response(try await call.controller.scale(try call.service, to: count), status: .accepted)
        },
    ]
}
