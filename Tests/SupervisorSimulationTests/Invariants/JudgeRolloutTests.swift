import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// The judge finds what is wrong with the way in which instances of one revision are replaced by those of another.
@Suite struct JudgeRolloutTests {
    /// A rollout to revision r2 is about to begin.
    private struct Stage {
        var bench: Bench
        let (old, new): (ServiceSpec, ServiceSpec)
        let target: ServiceRevision

        /// With so many replicas, all of them ready.
        init(replicas: Int = 1, _ rollout: RolloutSpec = RolloutSpec()) throws {
            old = try service("alpha", replicas: replicas, revision: "r1", rollout: rollout)
            new = try service("alpha", replicas: replicas, revision: "r2", rollout: rollout)
            target = ServiceRevision(new)
            bench = Bench(old, later: [StackSpec(name: "next", directory: "/", services: [new])])
            var effects = [Effect.keepRevisions(old.name, [ServiceRevision(old)])]
            for index in 0..<replicas { effects += bench.make(UInt64(index + 1), .of(old, index)) }
            try bench.start(effects)
            for index in 0..<replicas { try bench.tell(.spawned(.number(UInt64(index + 1)), pid: 100)) }
        }

        mutating func begin(_ effects: [Effect]) throws(Violation) {
            let stack = StackSpec(name: "next", directory: "/", services: [new])
            try bench.tell(
                .command(.apply(stack)), at: 100,
                [
                    .keepRevisions(new.name, [target, ServiceRevision(old)]),
                    said(.began(number: 2, new.revision, .changed)),
                ] + effects)
        }

        func said(_ reason: RolloutReason) -> Effect { .publish(.rollout(reason), about: .service(new.name)) }

        /// A new instance of that replica.
        func make(_ id: UInt64, _ index: Int = 0) -> [Effect] { bench.make(id, .of(new, index), new) }

        /// The instance of that replica is ended for the rollout.
        func end(_ id: UInt64, _ index: Int = 0) -> [Effect] {
            let subject = Subject.instance(.number(id), of: .of(new, index))
            return [
                .publish(.stopping(.replaced(by: 2, .changed)), about: subject),
                .signal(.number(id), .terminate, .mainProcess),
            ]
        }
    }

    private func pace(surge: Int, unavailable: Int, minReady: Duration = .zero) -> RolloutSpec {
        RolloutSpec(
            pace: .init(maxSurge: .count(surge), maxUnavailable: .count(unavailable), minReady: minReady))
    }

    @Test func aRolloutByTheRulesBreaksNothing() throws {
        var stage = try Stage()
        #expect(
            brokenInvariant { () throws(Violation) in
                try stage.begin(stage.make(2))
                try stage.bench.tell(
                    .spawned(.number(2), pid: 101), at: 101, stage.end(1) + [stage.said(.completed(number: 2))])
                try stage.bench.tell(
                    .exited(.number(1), .exited(code: 0), leftovers: false), at: 102, stage.bench.finish(1))
            } == nil)
        #expect(try stage.bench.judge.hasRisen(by: .at(200)))
    }

    @Test func oneInPlaceByTheRulesBreaksNothing() throws {
        var stage = try Stage(.init(pace: .stopFirst))
        #expect(
            brokenInvariant { () throws(Violation) in
                try stage.begin(stage.end(1))
                try stage.bench.tell(
                    .exited(.number(1), .exited(code: 0), leftovers: false), at: 101,
                    stage.bench.finish(1) + stage.make(2))
                try stage.bench.tell(.spawned(.number(2), pid: 101), at: 102, [stage.said(.completed(number: 2))])
            } == nil)
    }

    @Test func aRolloutThatDoesNotBeginOrThatNobodyAskedFor() throws {
        var stage = try Stage()
        let stack = StackSpec(name: "next", directory: "/", services: [stage.new])
        #expect(
            brokenInvariant { () throws(Violation) in try stage.bench.tell(.command(.apply(stack)), at: 1) } == .rollout
        )
        stage = try Stage()
        let unasked = stage.said(.began(number: 2, Revision("r2"), .changed))
        #expect(
            brokenInvariant { () throws(Violation) in try stage.bench.tell(.timePassed, at: 1, [unasked]) } == .rollout)
    }

    @Test func moreInstancesThanTheSurge() throws {
        var stage = try Stage(replicas: 2, pace(surge: 1, unavailable: 0))
        #expect(
            brokenInvariant { () throws(Violation) in try stage.begin(stage.make(3, 1) + stage.make(4, 0)) } == .surge)
    }

    @Test func fewerReadyOnesThanAllowed() throws {
        var stage = try Stage(replicas: 2, pace(surge: 0, unavailable: 1))
        #expect(
            brokenInvariant { () throws(Violation) in try stage.begin(stage.end(2, 1) + stage.end(1)) } == .availability
        )
    }

    @Test func anExchangeForWhatIsNotAvailable() throws {
        for minReady in [Duration.zero, .seconds(5)] {
            var stage = try Stage(replicas: 2, pace(surge: 1, unavailable: 1, minReady: minReady))
            #expect(
                brokenInvariant { () throws(Violation) in
                    try stage.begin(stage.make(3, 1))
                    // What is ready has not been so for long enough; what is made is not ready at all.
                    if minReady > .zero { try stage.bench.tell(.spawned(.number(3), pid: 101), at: 101) }
                    try stage.bench.tell(.timePassed, at: 102, stage.end(2, 1))
                } == .availability)
        }
    }

    @Test func moreNewReplicasThanTheStepAllows() throws {
        var rollout = pace(surge: 2, unavailable: 0)
        rollout.steps = [.replicas(.count(1)), .pause(nil)]
        var stage = try Stage(replicas: 2, rollout)
        let step = stage.said(.step(1, of: 2, .replicas(.count(1))))
        #expect(
            brokenInvariant { () throws(Violation) in
                try stage.begin([step] + stage.make(3, 1) + stage.make(4, 0))
            } == .rollout)
    }

    @Test func anEndOfTheRolloutBeforeAllIsReplaced() throws {
        var stage = try Stage()
        #expect(
            brokenInvariant { () throws(Violation) in
                try stage.begin(stage.make(2) + [stage.said(.completed(number: 2))])
            } == .rollout)
    }

    // MARK: Failure

    @Test func aFailureThatDoesNotGoBackOrGoesElsewhere() throws {
        for consequence in [RolloutReason.Consequence.standsStill, .goesBack(to: 7), .goesBack(to: 1)] {
            var stage = try Stage()
            let failed = stage.said(.failed(number: 2, why: "why", consequence))
            #expect(
                brokenInvariant { () throws(Violation) in
                    try stage.begin(stage.make(2))
                    // The last of them is right, but nothing follows it.
                    try stage.bench.tell(.timePassed, at: 101, [failed])
                } == .rollout)
        }
    }

    @Test func goingBackToWhatWasGoodBreaksNothing() throws {
        var stage = try Stage()
        let old = ServiceRevision(stage.old)
        #expect(
            brokenInvariant { () throws(Violation) in
                try stage.begin(stage.make(2))
                try stage.bench.tell(
                    .timePassed, at: 101,
                    [
                        stage.said(.failed(number: 2, why: "why", .goesBack(to: 1))),
                        .keepRevisions(stage.new.name, [old, stage.target, old]),
                        stage.said(.rollbackBegan(from: 2, to: 1, number: 3)),
                        .publish(
                            .stopping(.replaced(by: 3, .rolledBack(from: 2))), about: .instance(2, stage.new)),
                        stage.said(.rolledBack(from: 2, number: 3)),
                    ])
            } == nil)
    }

    // MARK: Restarts

    /// The instance of the first replica ends by itself, and what is said of it follows.
    private func end(_ id: UInt64, of stage: inout Stage, at seconds: Double, _ effects: [Effect]) throws(Violation) {
        try stage.bench.tell(
            .exited(.number(id), .exited(code: 1), leftovers: false), at: seconds, stage.bench.finish(id) + effects)
    }

    private func said(_ reason: Reason) -> Effect {
        .publish(reason, about: .replica(ReplicaID(service: ServiceName("alpha") ?? .router, index: 0)))
    }

    /// Of what was to come, and was not to come any more when it ended, nothing is remembered.
    @Test func whatIsToComeInsteadHasItsFirstFailure() throws {
        var stage = try Stage(pace(surge: 1, unavailable: 0, minReady: .seconds(60)))
        let third = try service("alpha", revision: "r3", rollout: stage.new.rollout)
        let kept = [third, stage.new, stage.old].map { ServiceRevision($0) }
        #expect(
            brokenInvariant { () throws(Violation) in
                try stage.begin(stage.make(2))
                try stage.bench.tell(.spawned(.number(2), pid: 101), at: 101)
                try end(2, of: &stage, at: 102, [said(.restartsAtOnce)] + stage.make(3))
                try stage.bench.tell(.spawned(.number(3), pid: 102), at: 103)
                try stage.bench.tell(
                    .command(.apply(StackSpec(name: "last", directory: "/", services: [third]))), at: 104,
                    [.keepRevisions(third.name, kept), stage.said(.began(number: 3, third.revision, .changed))])
                try end(3, of: &stage, at: 105, [])
                try stage.bench.tell(.timePassed, at: 106, stage.bench.make(4, .of(third), third))
                try stage.bench.tell(.spawned(.number(4), pid: 103), at: 107)
                try end(4, of: &stage, at: 108, [said(.restartsAtOnce)] + stage.bench.make(5, .of(third), third))
            } == nil)
    }

    /// Nobody has said so when it took its place, and by now another stands beside it.
    @Test func whatHasTakenAPlaceIsRestartedThere() throws {
        var stage = try Stage(pace(surge: 1, unavailable: 0))
        let old = ServiceRevision(stage.old)
        func leave(_ id: UInt64, at seconds: Double) throws(Violation) {
            try stage.bench.tell(
                .exited(.number(id), .exited(code: 1), leftovers: true), at: seconds,
                [.signal(.number(id), .terminate, .allProcesses)])
        }
        #expect(
            brokenInvariant { () throws(Violation) in
                try stage.begin(stage.make(2))
                try leave(1, at: 101)
                try stage.bench.tell(.spawned(.number(2), pid: 101), at: 102)
                try stage.bench.tell(.emptied(.number(1)), at: 103, stage.bench.finish(1))
                try stage.bench.tell(
                    .timePassed, at: 104,
                    [
                        stage.said(.failed(number: 2, why: "why", .goesBack(to: 1))),
                        .keepRevisions(stage.new.name, [old, stage.target, old]),
                        stage.said(.rollbackBegan(from: 2, to: 1, number: 3)),
                    ] + stage.bench.make(3, .of(stage.old)))
                try leave(2, at: 105)
                try stage.bench.tell(
                    .spawnFailed(.number(3), SpawnFailure(stage: "exec", errno: 2, message: ""), isTransient: false),
                    at: 106, stage.bench.finish(3) + [said(.restartsAfter(.zero))])
                try stage.bench.tell(.timePassed, at: 107, stage.bench.make(4, .of(stage.old)))
                try stage.bench.tell(
                    .emptied(.number(2)), at: 108, stage.bench.finish(2) + [said(.restartsAtOnce)] + stage.make(5))
            } == nil)
    }

    // MARK: Dependents and live changes

    @Test func aDependentThatIsNotRestarted() throws {
        let alpha = try service("alpha", revision: "r1")
        var bravo = try service("bravo", dependsOn: [(alpha, .started)])
        bravo.dependencies[0].restart = true
        let new = try service("alpha", revision: "r2")
        let stack = StackSpec(name: "next", directory: "/", services: [new, bravo])
        var bench = Bench(alpha, bravo, later: [stack])
        func said(_ reason: RolloutReason) -> Effect { .publish(.rollout(reason), about: .service(new.name)) }
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)))
                try bench.tell(.spawned(.number(1), pid: 100), bench.make(2, .of(bravo)))
                try bench.tell(.spawned(.number(2), pid: 101))
                let kept = [ServiceRevision(new), ServiceRevision(alpha)]
                try bench.tell(
                    .command(.apply(stack)), at: 1,
                    [.keepRevisions(new.name, kept), said(.began(number: 1, new.revision, .changed))]
                        + bench.make(3, .of(new), new))
                try bench.tell(
                    .spawned(.number(3), pid: 102), at: 2,
                    [
                        .publish(.stopping(.replaced(by: 1, .changed)), about: .instance(1, alpha)),
                        .signal(.number(1), .terminate, .mainProcess), said(.completed(number: 1)),
                    ])
            } == .rollout)
    }

    @Test func aLiveChangeThatReachesNothing() throws {
        let alpha = try service("alpha")
        let new = try service("alpha", stop: StopSpec(gracePeriod: .seconds(1)))
        let stack = StackSpec(name: "next", directory: "/", services: [new])
        var bench = Bench(alpha, later: [stack])
        try bench.run(1, .of(alpha))
        #expect(brokenInvariant { () throws(Violation) in try bench.tell(.command(.apply(stack)), at: 1) } == .change)
        bench = Bench(alpha, later: [stack])
        try bench.run(1, .of(alpha))
        let adopted = Effect.adopt(.number(1), ServiceRevision(new))
        #expect(
            brokenInvariant { () throws(Violation) in try bench.tell(.command(.apply(stack)), at: 1, [adopted]) } == nil
        )
    }
}
