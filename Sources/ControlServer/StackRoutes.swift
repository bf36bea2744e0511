import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// The stack as a whole.
enum StackRoutes {
    static let all: [Route] = [
        .get(
            "/v1/stack", .read, "The stack as a whole, and the daemon that runs it.",
            answers: [.json(StackDocument.self, "The stack.")]
        ) { call throws(ControlProblem) in
            Response(await call.controller.stack())
        },
        .get(
            "/v1/doctor", .read, "What the daemon found out about the host.",
            answers: [.json([DoctorCheck].self, "What was checked, in the order of its weight.")]
        ) { call throws(ControlProblem) in
            Response(await call.controller.doctor())
        },
        .get(
            "/v1/usage", .read, "What every running instance uses of the host.",
            "Rates, such as that of a processor, are the difference of two answers.",
            answers: [.json([UsageDocument].self, "One entry for each running instance.")]
        ) { call throws(ControlProblem) in
            Response(await call.controller.usage())
        },
        .get(
            "/v1/config", .operate, "The stack as it runs, with every default filled in.",
            "In the format of the stack file, as JSON. It may hold secrets.",
            answers: [
                Route.Answer(
                    status: .ok, text: "The resolved stack file.", content: ("application/json", .anyObject))
            ]
        ) { call throws(ControlProblem) in
            Response(text: await call.controller.resolvedFile(), mediaType: "application/json")
        },
        .post(
            "/v1/plan", .operate, "What applying the stack files as they are now would do.",
            "Nothing is changed.", body: .document(PlanRequest.self),
            answers: [.json(PlanDocument.self, "The plan.")], problems: [.invalidFile, .shuttingDown]
        ) { call throws(ControlProblem) in
            let request = try await call.body(PlanRequest.self)
            try call.check(mayFillIn: request.environment)
            return Response(try await call.controller.plan(request))
        },
        .post(
            "/v1/apply", .operate, "Makes the running stack what its files say.",
            """
            With the hash of a plan exactly that plan is carried out, or nothing. It is carried out in the background: \
            follow /v1/events from the answer's `event` on.
            """, body: .document(ApplyRequest.self),
            answers: [.json(PlanDocument.self, "The plan that is carried out from now on.", status: .accepted)],
            problems: [.invalidFile, .planChanged, .portConflict, .shuttingDown]
        ) { call throws(ControlProblem) in
            let request = try await call.body(ApplyRequest.self)
            try call.check(mayFillIn: request.environment)
            return Response(try await call.controller.apply(request), status: .accepted)
        },
        .post(
            "/v1/shutdown", .admin, "Stops the whole stack in order, and ends the daemon.",
            body: .document(ShutdownRequest.self), answers: [.accepted], problems: [.shuttingDown]
        ) { call throws(ControlProblem) in
            let command = try ControlCommand(try await call.body(ShutdownRequest.self))
            return Response(try await call.controller.perform(command), status: .accepted)
        },
    ]
}

extension Call {
    /// Who chooses the values of variables can choose what is run, and as whom.
    /// - Throws: `forbidden`.
    fileprivate func check(mayFillIn environment: [String: String]) throws(ControlProblem) {
        guard role == .admin || environment.isEmpty else {
            throw ControlProblem(
                .forbidden,
                "environment: values for the variables of the file can change what is run, and that takes the role "
                    + "admin; without them those of the daemon's own environment count")
        }
    }
}
