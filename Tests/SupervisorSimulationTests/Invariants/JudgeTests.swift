import StackModel
import Testing

@testable import SupervisorCore
@testable import SupervisorSimulation

/// The judge finds what is wrong with sequences that break one invariant each, and nothing with those that break none.
@Suite struct JudgeTests {
    @Test func aStopByTheRulesBreaksNothing() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.stop(1, alpha, at: 1)
                try bench.tell(
                    .exited(.number(1), .exited(code: 0), leftovers: true), at: 2,
                    [
                        .signal(.number(1), .terminate, .allProcesses)
                    ])
                try bench.tell(.timePassed, at: 12, [.kill(.number(1))])
                try bench.tell(.emptied(.number(1)), at: 13, bench.finish(1))
                try bench.tell(.command(.start([])), at: 14, bench.make(2, .of(alpha)))
            } == nil)
    }

    // MARK: One instance

    @Test func aSecondInstanceOfAReplica() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.timePassed, at: 1, bench.make(2, .of(alpha)))
            } == .oneInstance)
    }

    @Test func anIDGivenOutTwice() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(7, .of(alpha))
                try bench.tell(
                    .exited(.number(7), .exited(code: 1), leftovers: false), at: 1,
                    bench.finish(7) + [.publish(.restartsAtOnce, about: .replica(.of(alpha)))]
                        + bench.make(7, .of(alpha)))
            } == .identity)
    }

    // MARK: Conditions

    @Test(arguments: DependencySpec.Condition.allCases)
    func anInstanceWithoutItsCondition(condition: DependencySpec.Condition) throws {
        let alpha = try service("alpha", notify: condition == .healthy)
        let bravo = try service("bravo", dependsOn: [(alpha, condition)])
        var bench = Bench(alpha, bravo)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)))
                // A process that is being made has not started; one that runs is not ready and has not completed.
                if condition != .started { try bench.tell(.spawned(.number(1), pid: 100)) }
                try bench.tell(.timePassed, at: 1, bench.make(2, .of(bravo)))
            } == .conditions)
    }

    @Test func anInstanceWithoutItsListeners() throws {
        let alpha = try service(
            "alpha", listeners: [ListenerSpec(name: "http", address: .unix(path: "/socket", .stream))])
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start([.openListeners([ServiceRevision(alpha)])] + bench.make(1, .of(alpha)))
            } == .conditions)
    }

    @Test func aConditionThatCameTrueAndChangedNothing() throws {
        let alpha = try service("alpha", notify: true)
        let bravo = try service("bravo", dependsOn: [(alpha, .healthy)])
        var bench = Bench(alpha, bravo)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.notified(.number(1), .ready), at: 1)
            } == .promptness)
    }

    // MARK: What is left

    @Test func aReleaseOfWhatRuns() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.exited(.number(1), .exited(code: 0), leftovers: true), at: 1, bench.finish(1))
            } == .nothingLeft)
    }

    @Test func anEndOfTheStackWithAnInstanceAlive() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.command(.shutdown(immediately: false)), at: 1, [.stackStopped])
            } == .nothingLeft)
    }

    @Test func anEndOfTheStackWithAListenerOpen() throws {
        let alpha = try service(
            "alpha", listeners: [ListenerSpec(name: "http", address: .unix(path: "/socket", .stream))])
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start([.openListeners([ServiceRevision(alpha)])])
                try bench.tell(.command(.shutdown(immediately: false)), at: 1, [.stackStopped])
            } == .nothingLeft)
    }

    @Test func aStartAfterAStop() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.stop(1, alpha, at: 1)
                try bench.tell(
                    .exited(.number(1), .exited(code: 0), leftovers: false), at: 2,
                    bench.finish(1) + bench.make(2, .of(alpha)))
            } == .nothingLeft)
    }

    // MARK: Order

    @Test func aStopBeforeThatOfADependent() throws {
        let alpha = try service("alpha")
        let bravo = try service("bravo", dependsOn: [(alpha, .started)])
        var bench = Bench(alpha, bravo)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)))
                try bench.tell(.spawned(.number(1), pid: 100), at: 0, bench.make(2, .of(bravo)))
                try bench.stop(1, alpha, at: 1)
            } == .stopOrder)
    }

    // MARK: Lifecycle

    @Test func anInstanceThatIsGoneAndNotReleased() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.exited(.number(1), .exited(code: 1), leftovers: false), at: 1)
            } == .lifecycle)
    }

    @Test func aKillBeforeTheGraceIsOver() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.stop(1, alpha, at: 1)
                try bench.tell(.timePassed, at: 5, [.kill(.number(1))])
            } == .lifecycle)
    }

    @Test func anEffectForAReleasedInstance() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.stop(1, alpha, at: 1)
                try bench.tell(
                    .exited(.number(1), .exited(code: 0), leftovers: false), at: 2,
                    bench.finish(1) + [.kill(.number(1))])
            } == .lifecycle)
    }

    @Test func aStopForAProbeThatHasNotFailed() throws {
        let probe = ProbeSpec(handler: .exec(command: ["probe"]))
        let alpha = try service("alpha", probes: ProbeSet(liveness: probe))
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(
                    .timePassed, at: 1, [.publish(.stopping(.livenessProbeFailed("why")), about: .instance(1, alpha))])
            } == .lifecycle)
    }

    @Test func aStopThatWasAskedForAndDoesNotBegin() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.command(.stop([])), at: 1)
            } == .promptness)
    }

    // MARK: Journal and events

    @Test func anInstanceThatTheJournalDoesNotKnow() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start([.spawn(.number(1), .of(alpha), ServiceRevision(alpha))])
            } == .journal)
    }

    @Test func anEndInTheJournalOfWhatRuns() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.timePassed, at: 1, [.record(.ended(.number(1)))])
            } == .journal)
    }

    @Test(arguments: [(1, 1), (2, nil), (1, 2)] as [(UInt64, UInt64?)])
    func anEventOutOfOrder(number: UInt64, cause: UInt64?) throws {
        var bench = Bench(try service("alpha"))
        let event = StackEvent(
            id: EventID(number: number), time: .origin, subject: .stack, reason: .stackStopped,
            cause: cause.map { EventID(number: $0) })
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.judge.take([.publish(event)], nextDeadline: nil)
            } == .causality)
    }

    // MARK: Progress

    @Test func aDeadlineInThePast() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.timePassed, at: 2, nextDeadline: .at(1))
            } == .progress)
    }

    @Test func aCoreThatIsBusyWithoutEnd() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                for _ in 0..<5_000 { try bench.tell(.timePassed, at: 1, nextDeadline: .at(1)) }
            } == .progress)
    }

    // MARK: Snapshots

    @Test func aSnapshotThatShowsAnotherReadiness() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        try bench.run(1, .of(alpha))
        let replica = ReplicaSnapshot(
            id: .of(alpha), state: .running, isReady: false, instance: .number(1), pid: 100, restarts: 0,
            restartCauses: [], revision: Revision(""), since: .origin, reason: "", status: nil)
        let snapshot = StackSnapshot(services: [
            ServiceSnapshot(
                name: alpha.name, desired: .running, revision: Revision(""), dependencies: [], wantedReplicas: 1,
                replicas: [replica], runs: [], history: [])
        ])
        #expect(brokenInvariant { () throws(Violation) in try bench.judge.check(snapshot) } == .readiness)
    }
}

extension Bench {
    /// The operator stops the stack, and the core ends this instance.
    mutating func stop(_ id: UInt64, _ service: ServiceSpec, at seconds: Double) throws(Violation) {
        try tell(
            .command(.stop([])), at: seconds,
            [
                .publish(.stopping(.stopRequested), about: .instance(id, service)),
                .signal(.number(id), .terminate, .mainProcess),
            ])
    }
}
