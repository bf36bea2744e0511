import ControlClient
import ControlProtocol
import ControlServer
import Testing

@testable import CommandKit

/// Commands against a control socket.
struct CommandFlowTests {
    private static let running = ServiceDocument.sample(
        "db", .sample("db", 0, .running, ready: true, pid: 1, instance: 1))
    private static let stopped = ServiceDocument.sample("db", desired: .stopped, .sample("db", 0, .stopped))
    private static let starting = ServiceDocument.sample("db", .sample("db", 0, .starting, pid: 2, instance: 2))
    private static let again = ServiceDocument.sample(
        "db", .sample("db", 0, .running, ready: true, pid: 2, instance: 2))
    private static let failed = ServiceDocument.sample("db", .sample("db", 0, .failed, reason: "exited with status 1"))

    private func run(_ line: String, _ client: ControlClient) async -> CommandStatus {
        await CommandLineTool.run(["--socket", client.socketPath] + words(line))
    }

    @Test func startReturnsWhenTheServicesAreReady() async throws {
        let daemon = ScriptedDaemon(Self.stopped) { _, daemon in
            await daemon.become(Self.starting)
            await daemon.become(Self.again)
        }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("start db", client) == .done)
            #expect(await daemon.services() == [Self.again])
        }
        #expect(await daemon.commands.count == 1)
    }

    @Test func aServiceThatFailsFailsTheCommand() async throws {
        let daemon = ScriptedDaemon(Self.stopped) { _, daemon in await daemon.become(Self.failed) }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("start", client) == .failed)
        }
    }

    @Test func restartIsNotDoneWhileTheOldInstanceRuns() async throws {
        let daemon = ScriptedDaemon(Self.running) { _, daemon in
            // An event that says nothing of the restart yet.
            await daemon.become(Self.running)
            await daemon.become(Self.again)
        }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("restart db", client) == .done)
            #expect(await daemon.services() == [Self.again])
        }
    }

    @Test func stopThatTakesTooLongTimesOut() async throws {
        let daemon = ScriptedDaemon(Self.running) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("stop --timeout 50ms db", client) == .timedOut)
        }
    }

    @Test func anUnknownServiceIsNoCommandAtAll() async throws {
        let daemon = ScriptedDaemon(Self.running) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            for line in ["stop dbb", "ps dbb", "logs dbb", "explain dbb", "explain db/7"] {
                #expect(await run(line, client) == .noSuchService)
            }
        }
        #expect(await daemon.commands.isEmpty)
    }

    @Test func withoutADaemonMostCommandsSaySoAndDownIsDone() async throws {
        let directory = try TemporaryDirectory()
        let client = ControlClient(socketPath: directory.path + "/socket")
        for line in ["ps", "logs", "start", "stop", "restart", "explain db", "events"] {
            #expect(await run(line, client) == .noDaemon)
        }
        #expect(await run("down", client) == .done)
    }

    @Test func downReturnsWhenTheDaemonIsGone() async throws {
        let (commands, accepted) = AsyncStream<ControlCommand>.makeStream()
        let daemon = ScriptedDaemon(Self.running) { command, daemon in
            await daemon.become(Self.stopped)
            accepted.yield(command)
        }
        try await withServer(of: daemon) { client, server in
            async let status = run("down", client)
            var iterator = commands.makeAsyncIterator()
            #expect(await iterator.next() == .shutdown(immediately: false))
            await server.stop()
            #expect(await status == .done)
        }
    }
}
