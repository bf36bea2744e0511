import ControlClient
import ControlProtocol
@testable import ControlServer
import HTTPTypes
import StackModel
import Testing

/// Every route, through the client, over a real socket.
@Suite struct RouteTests {
    private func withClient(
        _ controller: FakeController = FakeController(), _ body: (ControlClient) async throws -> Void
    ) async throws {
        try await withServer(controller) { path, _ in try await body(ControlClient(socketPath: path)) }
    }

    @Test func theTableIsTheAPI() {
        let routes = RouteTable.all.routes.map { "\($0.role.rawValue) \($0.method.rawValue) \($0.template)" }
        #expect(
            routes.sorted() == [
                "admin POST /v1/executions/{id}/input", "admin POST /v1/executions/{id}/resize",
                "admin POST /v1/executions/{id}/signal", "admin POST /v1/services/{name}/exec",
                "admin POST /v1/services/{name}/run", "admin POST /v1/shutdown",
                "operate GET /v1/config", "operate POST /v1/apply", "operate POST /v1/plan",
                "operate POST /v1/restart", "operate POST /v1/services/{name}/kill",
                "operate POST /v1/services/{name}/restart", "operate POST /v1/services/{name}/rollout/pause",
                "operate POST /v1/services/{name}/rollout/promote", "operate POST /v1/services/{name}/rollout/resume",
                "operate POST /v1/services/{name}/rollout/undo", "operate POST /v1/services/{name}/scale",
                "operate POST /v1/services/{name}/start", "operate POST /v1/services/{name}/stop",
                "operate POST /v1/start", "operate POST /v1/stop", "operate POST /v1/watch",
                "read GET /healthz", "read GET /metrics", "read GET /readyz", "read GET /v1/doctor",
                "read GET /v1/events", "read GET /v1/logs", "read GET /v1/openapi.json",
                "read GET /v1/replicas/{name}/{index}/explain", "read GET /v1/services",
                "read GET /v1/services/{name}", "read GET /v1/services/{name}/explain",
                "read GET /v1/services/{name}/rollout", "read GET /v1/services/{name}/scaling", "read GET /v1/stack",
                "read GET /v1/usage",
            ])
    }

    @Test func whatIs() async throws {
        let controller = FakeController()
        try await withClient(controller) { client async throws in
            #expect(try await client.stack() == controller.stack())
            #expect(try await client.services() == controller.services())
            #expect(try await client.service("web").name == "web")
            #expect(try await client.doctor() == controller.doctor())
            #expect(try await client.explain("db").map(\.text) == ["service", "it happened"])
            #expect(try await client.explain("db", replica: 0).map(\.text) == ["replica 0", "it happened"])
        }
    }

    @Test func whatIsNot() async throws {
        try await withClient { client in
            await #expect(throws: ControlClientError.problem(.noSuchService("cache"))) {
                try await client.service("cache")
            }
            await #expect(throws: ControlClientError.problem(.noSuchService("cache"))) {
                try await client.explain("cache")
            }
            await #expect(throws: ControlClientError.problem(.noSuchService("../stack"))) {
                try await client.service("../stack")
            }
            await #expect(throws: ControlClientError.problem(.noSuchReplica(7, of: "db", indices: [0]))) {
                try await client.explain("db", replica: 7)
            }
            await #expect(throws: ControlClientError.problem(.noSuchService("cache"))) {
                try await client.logs(LogQuery(services: ["cache"]))
            }
        }
    }

    @Test(arguments: ServiceAction.allCases)
    func commands(action: ServiceAction) async throws {
        let controller = FakeController()
        let web = try #require(ServiceName("web"))
        try await withServer(controller) { path, _ async throws in
            let client = ControlClient(socketPath: path)
            #expect(try await client.perform(action).services == ["db", "web"])
            #expect(try await client.perform(action, services: ["web"]).services == ["web"])
            #expect(try exchange(path, "POST", "/v1/services/web/\(action.rawValue)").status == 202)
            #expect(try exchange(path, "POST", "/v1/\(action.rawValue)", body: "{}").status == 202)
            await #expect(throws: ControlClientError.problem(.noSuchService("cache"))) {
                try await client.perform(action, services: ["web", "cache"])
            }
        }
        let command: ([ServiceName]) -> ControlCommand =
            switch action {
            case .start: { .start($0) }
            case .stop: { .stop($0) }
            case .restart: { .restart($0) }
            }
        #expect(await controller.commands == [[], [web], [web], []].map(command))
    }

    @Test func scaling() async throws {
        let controller = FakeController()
        try await withServer(controller) { path, _ async throws in
            let client = ControlClient(socketPath: path)
            #expect(
                try await client.scaling(of: "db")
                    == ScalingStatusDocument(
                        service: "db", scale: 1, scaling: FakeController.scaling,
                        decisions: [FakeController.decision]))
            let scaled = try await client.scale("web", to: 1_000)
            #expect((scaled.service, scaled.scale, scaled.scaling.rule) == ("web", 1_000, .manual))
            #expect(try exchange(path, "POST", "/v1/services/db/scale", body: #"{"replicas":0}"#).status == 202)
            for name in ["cache", "../stack"] {
                await #expect(throws: ControlClientError.problem(.noSuchService(name))) {
                    try await client.scaling(of: name)
                }
                await #expect(throws: ControlClientError.problem(.noSuchService(name))) {
                    try await client.scale(name, to: 2)
                }
            }
            _ = try await client.shutdown()
            await #expect(throws: ControlClientError.problem(.shuttingDown)) { try await client.scale("web", to: 2) }
        }
        #expect(await controller.scales == ["web=1000", "db=0"])
    }

    @Test func graceAndAtOnce() async throws {
        let controller = FakeController()
        let web = try #require(ServiceName("web"))
        try await withServer(controller) { path, _ async throws in
            let client = ControlClient(socketPath: path)
            _ = try await client.perform(.stop, services: ["web"], grace: .milliseconds(1_500))
            _ = try await client.perform(.restart, grace: .zero, atOnce: true)
            #expect(
                try exchange(path, "POST", "/v1/services/web/stop", body: #"{"grace_seconds":86400}"#).status == 202)
            let body = #"{"grace_seconds":0.25,"at_once":true}"#
            #expect(try exchange(path, "POST", "/v1/services/web/restart", body: body).status == 202)
            _ = try await client.shutdown(grace: .seconds(3))
        }
        #expect(
            await controller.commands == [
                .stop([web], grace: .milliseconds(1_500)), .restart([], grace: .zero, atOnce: true),
                .stop([web], grace: .seconds(86_400)), .restart([web], grace: .milliseconds(250), atOnce: true),
                .shutdown(immediately: false, grace: .seconds(3)),
            ])
    }

    @Test func rollouts() async throws {
        let controller = FakeController()
        let db = try #require(ServiceName("db"))
        let commands = [.pause, .resume, .promote(), .promote(fully: true), .undo(), RolloutCommand.undo(to: 1)]
        try await withServer(controller) { path, _ async throws in
            let client = ControlClient(socketPath: path)
            #expect(
                try await client.rollout(of: "db")
                    == RolloutStatusDocument(
                        service: "db", rollout: FakeController.rollout, history: [FakeController.revision]))
            #expect(try await client.rollout(of: "web").rollout == nil)
            #expect(try !exchange(path, "GET", "/v1/services/web/rollout").contains("\"rollout\""))
            for command in commands { #expect(try await client.rollout("db", command).services == ["db"]) }
            for word in ["pause", "resume", "promote", "undo"] {
                #expect(try exchange(path, "POST", "/v1/services/db/rollout/\(word)").status == 202)
            }
            for (service, command, code) in [
                ("web", .pause, ControlProblem.Code.noRollout), ("db", .undo(to: 9), .noSuchRevision),
                ("cache", RolloutCommand.resume, .noSuchService), ("../db", .pause, .noSuchService),
            ] {
                let error = await #expect(throws: ControlClientError.self) {
                    try await client.rollout(service, command)
                }
                guard case .problem(let problem)? = error, problem.code == code else {
                    Issue.record("\(error as Any)")
                    continue
                }
            }
        }
        let again = [.pause, .resume, .promote(), RolloutCommand.undo()]
        #expect(await controller.commands == (commands + again).map { .rollout(db, $0) })
    }

    @Test func anApplyAtOnce() async throws {
        let controller = FakeController()
        try await withClient(controller) { client async throws in
            _ = try await client.apply(plan: "ab12", atOnce: true)
            await #expect(throws: ControlClientError.problem(.portConflict(["web: it is taken"]))) {
                try await client.apply(environment: ["TAKEN": "web: it is taken"])
            }
        }
        #expect(await controller.applied == [ApplyRequest(plan: "ab12", atOnce: true)])
    }

    @Test func shutdown() async throws {
        let controller = FakeController()
        try await withClient(controller) { client async throws in
            #expect(try await client.shutdown(immediately: true).services == ["db", "web"])
            await #expect(throws: ControlClientError.problem(.shuttingDown)) { try await client.shutdown() }
            await #expect(throws: ControlClientError.problem(.shuttingDown)) { try await client.perform(.start) }
            #expect(try await client.stack().state == .stopping)
        }
        #expect(await controller.commands == [.shutdown(immediately: true)])
    }

    @Test func health() async throws {
        try await withServer(FakeController(readyServices: ["db"])) { path, _ async throws in
            #expect(try await ControlClient(socketPath: path).readiness() == ReadinessDocument(waiting: ["web"]))
            #expect(try exchange(path, "GET", "/readyz").status == 503)
            #expect(try exchange(path, "GET", "/healthz").hasSuffix("{\"status\":\"ok\"}\n"))
        }
        try await withClient { client async throws in
            #expect(try await client.readiness().ready)
        }
    }

    @Test func aConnectionServesManyRequests() async throws {
        try await withServer { path, _ in
            let connection = try RawConnection(path)
            let request = "GET /healthz HTTP/1.1\r\nHost: stackd\r\n\r\n"
            connection.send(request + request + "GET /nowhere HTTP/1.1\r\nHost: stackd\r\n\r\n" + request)
            connection.endSending()
            let answers = try connection.receiveAll().components(of: "HTTP/1.1 ")
            #expect(answers.map { $0.prefix(3) } == ["200", "200", "404", "200"])
        }
    }
}
