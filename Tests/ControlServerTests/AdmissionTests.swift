import ControlClient
import ControlProtocol
@testable import ControlServer
import Glibc
import HTTPTypes
import Testing

/// Who gets in, how many, and how it ends.
@Suite struct AdmissionTests {
    @Test func othersAreRefusedOnEveryRoute() async throws {
        let controller = FakeController()
        try await withServer(controller, owners: [geteuid() + 1]) { path, _ in
            for route in RouteTable.all.routes {
                let answer = try exchange(path, route.method.rawValue, route.target)
                #expect(answer.status == 403)
                #expect(answer.contains("has no role, and this takes read"))
            }
            let error = await #expect(throws: ControlClientError.self) {
                try await ControlClient(socketPath: path).events()
            }
            guard case .problem(let problem)? = error else { throw TestFailure("\(error as Any)") }
            #expect(problem.code == .forbidden)
        }
        #expect(await controller.commands.isEmpty)
        #expect(await controller.eventQueries.isEmpty)
    }

    @Test func aRefusedClientIsClosed() async throws {
        try await withServer(owners: []) { path, _ in
            let connection = try RawConnection(path)
            connection.send("GET /v1/stack HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = try connection.receiveAll()
            #expect(answer.status == 403)
            #expect(answer.lowercased().contains("connection: close"))
        }
    }

    @Test func thePeerIsThisProcess() async throws {
        try await withServer(owners: [geteuid()]) { path, _ in
            let answer = try exchange(path, "GET", "/healthz")
            #expect(answer.status == 200)
        }
    }

    @Test func connectionsBeyondTheLimitAreToldSo() async throws {
        var limits = Limits()
        limits.connections = 2
        try await withServer(limits: limits) { path, _ in
            var held: [RawConnection] = []
            for _ in 0..<2 {
                let connection = try RawConnection(path)
                connection.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try connection.receive(until: "ok")
                held.append(connection)
            }
            let answer = try exchange(path, "GET", "/healthz")
            #expect(answer.status == 503)
            #expect(answer.contains("\"code\":\"too_many_connections\""))
            held.removeAll()
            try await eventually("room") { try exchange(path, "GET", "/healthz").status == 200 }
        }
    }

    @Test func connectionsFarBeyondTheLimitAreDropped() async throws {
        var limits = Limits()
        limits.connections = 1
        try await withServer(limits: limits) { path, _ in
            let held = try (0..<20).map { _ in try RawConnection(path) }
            let dropped = try held.dropFirst(2).map { try $0.receiveAll() }
            #expect(dropped == Array(repeating: "", count: 18))
        }
    }

    @Test func streamsLeaveRoomForOrders() async throws {
        var limits = Limits()
        limits.streams = 1
        let controller = FakeController()
        try await withServer(controller, limits: limits) { path, _ in
            let client = ControlClient(socketPath: path)
            do {
                var first = try await client.events().makeAsyncIterator()
                let error = await #expect(throws: ControlClientError.self) {
                    try await client.logs(LogQuery(follow: true))
                }
                guard case .problem(let problem)? = error else { throw TestFailure("\(error as Any)") }
                #expect(problem.code == .tooManyConnections)
                #expect(try await client.perform(.stop).services == ["db", "web"])
                await controller.publish(1...1)
                #expect(try await first.next() == .item(FakeController.event(1)))
            }
            try await eventually("room for another stream") { (try? await client.events()) != nil }
        }
    }

    @Test func stoppingEndsStreamsAndTakesTheSocketAway() async throws {
        try await withServer { path, server in
            let client = ControlClient(socketPath: path)
            var events = try await client.events().makeAsyncIterator()
            let idle = try RawConnection(path)
            idle.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try idle.receive(until: "ok")
            await server.stop()
            #expect(try await events.next() == nil)
            #expect(try idle.receiveAll().isEmpty)
            await #expect(throws: ControlClientError.noDaemon(path)) { try await client.stack() }
            await server.stop()
        }
    }

    @Test func whoFollowsWhileTheServerStopsIsToldSo() async throws {
        let controller = FakeController()
        let (arrived, arrival) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        await controller.beforeWatch {
            arrival.finish()
            for await _ in released {}
        }
        // However long the other tests keep the processors.
        var limits = Limits()
        limits.stopTimeout = .seconds(60)
        try await withServer(controller, limits: limits) { path, server in
            let client = ControlClient(socketPath: path)
            var events = try await client.events().makeAsyncIterator()
            async let late = client.watch()
            for await _ in arrived {}
            async let stop: Void = server.stop()
            // From when its streams end, the server admits no other.
            #expect(try await events.next() == nil)
            release.finish()
            do {
                _ = try await late
                Issue.record("it is followed")
            } catch ControlClientError.problem(let problem) {
                #expect(problem.code == .shuttingDown)
            }
            await stop
        }
    }

    @Test func stoppingDoesNotWaitForAClientThatTakesNothing() async throws {
        let controller = FakeController()
        var limits = Limits()
        limits.stopTimeout = .milliseconds(100)
        try await withServer(controller, limits: limits) { path, server in
            let connection = try RawConnection(path)
            connection.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try connection.receive(until: "\r\n\r\n")
            await controller.publish(1...1_000, text: String(repeating: "x", count: 1_000))
            await server.stop()
        }
    }

    @Test func aNewServerCanTakeThePlaceOfAStoppedOne() async throws {
        try await withServer { path, server in
            await server.stop()
            let second = try await ControlServer.start(on: try ControlSocket(path: path), for: FakeController())
            #expect(try exchange(path, "GET", "/healthz").status == 200)
            await second.stop()
        }
    }
}
