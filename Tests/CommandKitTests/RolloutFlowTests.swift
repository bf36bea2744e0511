import ControlClient
import ControlProtocol
import ControlServer
import StackModel
import Testing

@testable import CommandKit

/// Rollouts followed over a control socket.
struct RolloutFlowTests {
    private static let old = ReplicaDocument.sample("web", 0, .running, ready: true, pid: 1, instance: 1)
    private static let new = ReplicaDocument.sample("web", 0, .running, ready: true, pid: 2, instance: 2)
    private static let first = RevisionDocument.sample(1, .good, .started)

    private static func web(
        _ history: [RevisionDocument], rollout: RolloutDocument? = nil, _ replica: ReplicaDocument = old
    ) -> ServiceDocument {
        .sample("web", rollout: rollout, history: history + [first], replica)
    }

    private static let before = web([])
    private static let rolling = web([.sample(2, .underWay)], rollout: .sample(2))
    private static let paused = web([.sample(2, .underWay)], rollout: .sample(2, .paused, steps: 1))
    private static let done = web([.sample(2)], new)
    private static let still = web(
        [.sample(2, .failed, reason: "it crashed")], rollout: .sample(2, .failed, reason: "it crashed"))
    private static let goingBack = web(
        [.sample(3, .underWay, .rolledBack), .sample(2, .failed)], rollout: .sample(3, rollback: true))
    private static let back = web(
        [.sample(3, .good, .rolledBack, revision: "r1"), .sample(2, .failed, reason: "it crashed")])

    private static let change = PlanDocument.Change(service: "web", kind: .rolling)

    private func run(_ line: String, _ client: ControlClient) async -> CommandStatus {
        await CommandLineTool.run(["--socket", client.socketPath] + words(line))
    }

    private func status(of line: String, after states: ServiceDocument...) async throws -> CommandStatus {
        let daemon = ScriptedDaemon(Self.before, planning: [Self.change]) { _, daemon in
            for state in states { await daemon.become(state) }
        }
        return try await withServer(of: daemon) { client, _ in await run(line, client) }
    }

    @Test(arguments: ["apply", "apply ab12", "restart web", "restart"])
    func theCommandEndsAsTheRolloutDoes(line: String) async throws {
        #expect(try await status(of: line, after: Self.rolling, Self.paused, Self.rolling, Self.done) == .done)
        #expect(try await status(of: line, after: Self.rolling, Self.goingBack, Self.back) == .rolledBack)
        #expect(try await status(of: line, after: Self.rolling, Self.still) == .failed)
        #expect(try await status(of: line + " --no-wait") == .done)
    }

    @Test func aRolloutThatWaitsToBePromotedIsWaitedFor() async throws {
        #expect(try await status(of: "apply --timeout 50ms", after: Self.rolling, Self.paused) == .timedOut)
    }

    @Test func whoeverIsImpatientSaysSo() async throws {
        let daemon = ScriptedDaemon(Self.before, planning: [Self.change]) { _, daemon in
            await daemon.become(Self.done)
        }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("apply --now", client) == .done)
            #expect(await run("restart --now --no-wait web", client) == .done)
        }
        #expect(await daemon.applied == [ApplyRequest(atOnce: true)])
        let web = try #require(ServiceName("web"))
        #expect(await daemon.commands == [.restart([web], atOnce: true)])
    }

    @Test func aPlanWithConflictsFails() async throws {
        let daemon = ScriptedDaemon(Self.before, planning: [Self.change], conflicts: ["web: it is taken"]) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("plan --detailed-exitcode", client) == .failed)
            #expect(await run("apply", client) == .failed)
        }
        #expect(await daemon.applied.isEmpty)
    }

    @Test func dependentsThatAreRestartedAreWaitedForToo() async throws {
        let app = ServiceDocument.sample(
            "app", history: [.sample(1, .good, .started)], .sample("app", 0, .running, ready: true))
        var restarted = app
        restarted.history = [.sample(2, .failed, .dependencyReplaced), .sample(1, .good, .started)]
        restarted.rollout = .sample(2, .failed, reason: "it crashed")
        let change = PlanDocument.Change(service: "web", kind: .rolling, restarted: ["app"])
        let after = restarted
        let daemon = ScriptedDaemon(app, Self.before, planning: [change]) { _, daemon in
            await daemon.become(app, Self.rolling)
            await daemon.become(after, Self.done)
        }
        try await withServer(of: daemon) { client, _ in #expect(await run("apply", client) == .failed) }
    }

    @Test func theVerbsAskForWhatTheySay() async throws {
        let daemon = ScriptedDaemon(Self.paused) { command, daemon in
            switch command {
            case .rollout(_, .undo): await daemon.become(Self.web([.sample(3, .good, .undone, revision: "r1")]))
            default: await daemon.become(Self.done)
            }
        }
        let web = try #require(ServiceName("web"))
        try await withServer(of: daemon) { client, _ in
            for line in [
                "rollout pause web", "rollout resume web", "rollout promote --full web",
                "rollout undo web --to-revision 1", "rollout undo web --to-revision=0 --no-wait",
                "rollout promote web --no-wait --output json",
            ] {
                #expect(await run(line, client) == .done, "\(line)")
            }
            #expect(await run("rollout pause nobody", client) == .noSuchService)
        }
        #expect(
            await daemon.commands == [
                .rollout(web, .pause), .rollout(web, .resume), .rollout(web, .promote(fully: true)),
                .rollout(web, .undo(to: 1)), .rollout(web, .undo(to: nil)), .rollout(web, .promote(fully: false)),
            ])
    }

    @Test(arguments: ["rollout status --no-wait", "rollout status web --watch=false --output json"])
    func aLookAtARolloutTellsWhatHasBecomeOfIt(line: String) async throws {
        for (service, expected) in [
            (Self.before, CommandStatus.done), (Self.rolling, .done), (Self.paused, .done), (Self.done, .done),
            (Self.still, .failed), (Self.goingBack, .done), (Self.back, .rolledBack),
        ] {
            let daemon = ScriptedDaemon(service) { _, _ in }
            try await withServer(of: daemon) { client, _ in #expect(await run(line, client) == expected) }
        }
    }

    @Test func statusFollowsARolloutToItsEnd() async throws {
        let daemon = ScriptedDaemon(Self.rolling) { _, daemon in await daemon.become(Self.back) }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("rollout status web --timeout 50ms", client) == .timedOut)
            async let followed = run("rollout status", client)
            // What happens to it is somebody else's doing.
            _ = try await client.rollout("web", .promote())
            #expect(await followed == .rolledBack)
        }
    }

    @Test func theHistoryIsThatOfTheService() async throws {
        let daemon = ScriptedDaemon(Self.back) { _, _ in }
        try await withServer(of: daemon) { client, _ in
            #expect(await run("rollout history web", client) == .done)
            #expect(await run("rollout history web --revision 2 --output json", client) == .done)
            #expect(await run("rollout history web --revision 9", client) == .failed)
            #expect(await run("rollout history nobody", client) == .noSuchService)
        }
    }
}
