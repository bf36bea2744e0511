import ControlClient
import ControlProtocol
import ControlServer
import StackModel
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
            #expect(await run("stop --wait-timeout 50ms db", client) == .timedOut)
        }
    }

    @Test func theDaemonIsToldHowLongAProcessHasToEnd() async throws {
        let daemon = ScriptedDaemon(Self.running) { command, daemon in
            if case .stop = command { await daemon.become(Self.stopped) } else { await daemon.become(Self.again) }
        }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("stop -t 5 --no-wait db", client) == .done)
            #expect(await run("restart --timeout 1m30s db", client) == .done)
            #expect(await run("stop db", client) == .done)
            #expect(await run("down --no-wait -t 250ms", client) == .done)
        }
        let db = try #require(ServiceName("db"))
        #expect(
            await daemon.commands == [
                .stop([db], grace: .seconds(5)), .restart([db], grace: .seconds(90)), .stop([db]),
                .shutdown(immediately: false, grace: .milliseconds(250)),
            ])
    }

    @Test func aSignalThatNobodyCouldGetIsRefused() async throws {
        let daemon = ScriptedDaemon(Self.stopped) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("kill db", client) == .failed)
            #expect(await run("kill db/0", client) == .failed)
        }
        #expect(await daemon.commands.isEmpty)
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

    @Test func scaleReturnsWhenAsManyAreReadyAndNoneIsLeftOver() async throws {
        let both = ServiceDocument.sample(
            "db", scale: 1, .sample("db", 0, .running, ready: true, pid: 1), .sample("db", 1, .stopping, pid: 2))
        let daemon = ScriptedDaemon(both) { _, daemon in
            await daemon.become(both)
            await daemon.become(Self.running)
        }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("scale db=1", client) == .done)
            #expect(await daemon.services() == [Self.running])
        }
        #expect(await daemon.scales == ["db": 1])
    }

    @Test func whatCannotBeScaledIsNot() async throws {
        let schedule = ScheduleDocument(trigger: "@daily", next: .zero, runs: [])
        let daemon = ScriptedDaemon(Self.running, .sample("backup", schedule: schedule)) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("scale db=2 dbb=1", client) == .noSuchService)
            #expect(await run("scale db=2 backup=2", client) == .failed)
            #expect(await run("scale db=2 db=3", client) == .usage)
        }
        #expect(await daemon.scales.isEmpty)
    }

    @Test func aServiceWithoutReplicasIsExplained() async throws {
        let onDemand = ServiceDocument.sample(
            "db", scaling: ScalingDocument(rule: .autoscaler, awaitsConnection: true, minimum: 0, maximum: 3))
        let daemon = ScriptedDaemon(onDemand) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            let service = try await client.service("db")
            let explanations = try await Explanation.all(
                of: try #require(ReplicaTarget(argument: "db")), in: service, from: client)
            let lines = explanations.lines(of: service, now: .zero, palette: Palette(isColoured: false), width: nil)
            #expect(lines == ["db: no replica, on demand: the next connection starts one"])
            #expect(try JSONText.line(explanations).contains(#""awaits_connection":true"#))
            #expect(await run("explain db/0", client) == .noSuchService)
        }
    }

    @Test func killNamesTheSignalAndTheReplica() async throws {
        let daemon = ScriptedDaemon(Self.running) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("kill -s HUP db/0", client) == .done)
            #expect(await run("kill db", client) == .done)
        }
        let db = try #require(ServiceName("db"))
        #expect(await daemon.commands == [.signal(db, replica: 0, .hangup), .signal(db, replica: nil, .kill)])
    }

    @Test func waitExitsAsTheServiceDid() async throws {
        let exit = ExitDocument(code: 7, signal: nil, time: Timestamp(milliseconds: 0))
        let ended = ServiceDocument.sample("db", .sample("db", 0, .failed, exit: exit))
        let daemon = ScriptedDaemon(ended) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("wait db", client) == CommandStatus(rawValue: 7))
        }
        let serving = ScriptedDaemon(Self.running) { _, _ in }
        try await withServer(of: serving) { client, _ in
            #expect(await run("wait --timeout 50ms db", client) == .timedOut)
            #expect(await run("wait --for ready db", client) == .done)
        }
    }

    @Test func applyCarriesOutThePlanThatItHasShown() async throws {
        let change = PlanDocument.Change(service: "db", kind: .restart)
        let daemon = ScriptedDaemon(Self.running, planning: [change]) { _, daemon in
            await daemon.become(Self.running)
            await daemon.become(Self.again)
        }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("apply 0000", client) == .failed)
            #expect(await daemon.applied.isEmpty)
            #expect(await run("apply ab12", client) == .done)
            #expect(await daemon.applied == [ApplyRequest(plan: "ab12cd")])
            #expect(await daemon.services() == [Self.again])
            #expect(await run("plan --detailed-exitcode", client) == CommandStatus(rawValue: 2))
        }
    }

    @Test func reloadLeavesThePlanToTheDaemon() async throws {
        let daemon = ScriptedDaemon(Self.running) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("reload", client) == .done)
            #expect(await run("plan --detailed-exitcode", client) == .done)
        }
        #expect(await daemon.applied == [ApplyRequest()])
    }

    @Test func logsAreAskedForAsTheOptionsSay() async throws {
        let daemon = ScriptedDaemon(Self.running) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("logs --tail 3 --since 10 --until 20 --grep a|b db", client) == .done)
        }
        let query = try #require(await daemon.logQueries.first)
        #expect(query.services == ["db"] && query.tail == 3 && query.pattern == "a|b" && !query.follow)
        #expect(query.since == Timestamp(milliseconds: 10_000) && query.until == Timestamp(milliseconds: 20_000))
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
