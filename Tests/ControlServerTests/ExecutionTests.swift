import ControlClient
import ControlProtocol
import ControlServer
import StackModel
import Testing

/// Executions over the API: their stream, their input, and their end.
@Suite struct ExecutionTests {
    private static let exit = ExitDocument(code: 3, signal: nil, time: FakeController.time)

    private func withClient(
        _ body: (ControlClient, FakeController, String) async throws -> Void
    ) async throws {
        let controller = FakeController()
        try await withServer(controller) { path, _ in
            try await body(ControlClient(socketPath: path), controller, path)
        }
    }

    @Test func anExecutionIsFollowedToItsEnd() async throws {
        try await withClient { client, controller, _ in
            let request = ExecutionRequest(
                command: ["sh"], environment: ["A": "b"], terminal: .init(rows: 24, columns: 80))
            var records = try await client.execute(request, of: "db", besideInstance: true).makeAsyncIterator()
            #expect(try await records.next() == .item(.started(id: 1, pid: 77)))
            let feed = try #require(await controller.executionFeeds.first)
            feed.offer(.output(.stdout, [0, 255, 10]))
            #expect(try await records.next() == .item(.output(.stdout, [0, 255, 10])))
            feed.finish(with: .exited(Self.exit))
            #expect(try await records.next() == .item(.exited(Self.exit)))
            #expect(try await records.next() == nil)
            #expect(await controller.executions.map(\.request) == [request])
            #expect(await controller.executions.map(\.besideInstance) == [true])
        }
    }

    @Test func aClientThatLeavesEndsIt() async throws {
        try await withClient { client, controller, _ in
            _ = try await client.execute(ExecutionRequest(command: []), of: "db", besideInstance: false)
            let feed = try #require(await controller.executionFeeds.first)
            await withCheckedContinuation { continuation in
                feed.whenFinished { continuation.resume() }
            }
            #expect(await controller.executions.map(\.besideInstance) == [false])
        }
    }

    @Test func aDetachedOneIsOnlyBegun() async throws {
        try await withClient { client, controller, path in
            let started = try await client.executeDetached(
                ExecutionRequest(command: ["sh"]), of: "db", besideInstance: true)
            #expect(started == .started(id: 1, pid: 77))
            #expect(await controller.executions.map(\.request.detach) == [true])
            let answer = try exchange(
                path, "POST", "/v1/services/db/run", body: #"{"command":["sh"],"detach":true}"#)
            #expect(answer.status == 202)
            #expect(answer.hasSuffix("{\"id\":2,\"kind\":\"started\",\"pid\":77}\n"))
        }
    }

    @Test func whatCannotRunIsAProblem() async throws {
        try await withClient { client, _, _ in
            await #expect(throws: ControlClientError.problem(.cannotExecute("/none: No such file or directory"))) {
                try await client.execute(ExecutionRequest(command: ["/none"]), of: "db", besideInstance: true)
            }
            await #expect(throws: ControlClientError.problem(.noSuchService("cache"))) {
                try await client.execute(ExecutionRequest(command: ["sh"]), of: "cache", besideInstance: true)
            }
        }
    }

    @Test func itsInputArrivesInOrderAndWhole() async throws {
        try await withClient { client, controller, _ in
            _ = try await client.executeDetached(ExecutionRequest(command: ["cat"]), of: "db", besideInstance: true)
            let input = client.input(of: 1)
            let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await input.send(Array(bytes[..<10]))
            try await input.send(Array(bytes[10...]))
            try await input.send([], isLast: true)
            var received: [UInt8] = []
            var ends: [Bool] = []
            for action in await controller.executionActions {
                guard case .input(let part, let isLast) = action else { throw TestFailure("\(action)") }
                received += part
                ends.append(isLast)
            }
            #expect(received == bytes)
            #expect(ends.dropLast().allSatisfy { !$0 } && ends.last == true)
            await #expect(throws: ControlClientError.problem(.noSuchExecution(9))) {
                try await client.input(of: 9).send([1])
            }
        }
    }

    @Test func inputThatIsTooMuchIsSentAgain() async throws {
        try await withClient { client, controller, _ in
            _ = try await client.executeDetached(ExecutionRequest(command: ["cat"]), of: "db", besideInstance: true)
            await controller.refuseOnce([2])
            let input = client.input(of: 1)
            for byte in 1...3 as ClosedRange<UInt8> { try await input.send([byte]) }
            #expect(
                await controller.executionActions == (1...3).map { .input([$0], isLast: false) })
        }
    }

    @Test func itIsResizedAndSignalled() async throws {
        try await withClient { client, controller, path in
            _ = try await client.executeDetached(ExecutionRequest(command: ["sh"]), of: "db", besideInstance: true)
            try await client.resize(1, to: .init(rows: 50, columns: 132))
            try await client.signal(1, "INT")
            let answer = try exchange(path, "POST", "/v1/executions/1/signal", body: #"{"signal":"9"}"#)
            #expect(answer.status == 204)
            #expect(!answer.lowercased().contains("content-length"))
            #expect(
                await controller.executionActions == [
                    .resize(.init(rows: 50, columns: 132)), .signal(.interrupt), .signal(.kill),
                ])
        }
    }

    @Test func changesOfFilesAreFollowed() async throws {
        try await withClient { client, controller, _ in
            var changes = try await client.watch().makeAsyncIterator()
            let change = WatchDocument(time: FakeController.time, service: "web", paths: ["/a"], count: 3)
            try #require(await controller.watchFeeds.first).offer(change)
            #expect(try await changes.next() == .item(change))
        }
    }
}
