import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// The judge finds what is wrong with what becomes of applied stacks, scales, signals and schedules.
@Suite struct JudgeChangesTests {
    private func stack(_ services: ServiceSpec...) -> StackSpec {
        StackSpec(name: "next", directory: "/", services: services)
    }

    private func apply(_ stack: StackSpec) -> Event { .command(.apply(stack)) }

    // MARK: Apply

    @Test func anApplyByTheRulesBreaksNothing() throws {
        let (alpha, bravo) = (try service("alpha"), try service("bravo"))
        let next = stack(alpha, try service("bravo", revision: "r2"))
        var bench = Bench(alpha, bravo, later: [next])
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)) + bench.make(2, .of(bravo)))
                try bench.tell(.spawned(.number(1), pid: 100))
                try bench.tell(.spawned(.number(2), pid: 101))
                try bench.tell(
                    .command(.apply(next, atOnce: true)), at: 1,
                    [
                        .publish(.stopping(.specChanged), about: .instance(2, bravo)),
                        .signal(.number(2), .terminate, .mainProcess),
                    ])
                try bench.tell(
                    .exited(.number(2), .exited(code: 0), leftovers: false), at: 2,
                    bench.finish(2) + bench.make(3, .of(bravo), next.services[1]))
            } == nil)
    }

    @Test func aServiceThatDidNotChangeIsTouched() throws {
        let (alpha, bravo) = (try service("alpha"), try service("bravo"))
        let next = stack(alpha)
        var bench = Bench(alpha, bravo, later: [next])
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)) + bench.make(2, .of(bravo)))
                try bench.tell(.spawned(.number(1), pid: 100))
                try bench.tell(apply(next), at: 1, [.publish(.stopping(.specChanged), about: .instance(1, alpha))])
            } == .lifecycle)
    }

    @Test func anInstanceOfTheFormerRevision() throws {
        let alpha = try service("alpha")
        let next = stack(try service("alpha", revision: "r2"))
        var bench = Bench(alpha, later: [next])
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(
                    Event.command(.apply(next, atOnce: true)), at: 1,
                    [
                        .publish(.stopping(.specChanged), about: .instance(1, alpha)),
                        .signal(.number(1), .terminate, .mainProcess),
                    ])
                try bench.tell(
                    .exited(.number(1), .exited(code: 0), leftovers: false), at: 2,
                    bench.finish(1) + bench.make(2, .of(alpha)))
            } == .change)
    }

    @Test func aServiceThatIsGoneIsNotStopped() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha, later: [stack()])
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(apply(stack()), at: 1)
            } == .promptness)
    }

    @Test func itsListenersAreLeft() throws {
        let alpha = try service(
            "alpha", listeners: [ListenerSpec(name: "http", address: .unix(path: "/socket", .stream))])
        var bench = Bench(alpha, later: [stack()])
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start([.openListeners([ServiceRevision(alpha)])])
                try bench.tell(apply(stack()), at: 1)
            } == .change)
    }

    @Test func aPlanThatIsNotWhatTheRulesSay() throws {
        let alpha = try service("alpha")
        let next = stack(try service("alpha", revision: "r2"))
        let bench = Bench(alpha, later: [next])
        let plan = { (kind: ServiceChange.Kind) in [ServiceChange(service: alpha.name, kind: kind)] }
        #expect(brokenInvariant { () throws(Violation) in try bench.judge.check(plan(.rolling), for: next) } == nil)
        #expect(brokenInvariant { () throws(Violation) in try bench.judge.check(plan(.live), for: next) } == .change)
    }

    // MARK: Scale and signals

    @Test func aReplicaTooMany() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)) + bench.make(2, .of(alpha, 1)))
            } == .scale)
    }

    @Test func aReplicaTooManyIsNotEndedOrOneTooFewNotMade() throws {
        let alpha = try service("alpha")
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.command(.scale(alpha.name, 0)), at: 1)
            } == .promptness)
        bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.command(.scale(alpha.name, 2)), at: 1, bench.make(2, .of(alpha, 1)))
                try bench.tell(.command(.scale(alpha.name, 3)), at: 2)
            } == .promptness)
    }

    @Test func aSignalThatIsNotSentOrToAnother() throws {
        let alpha = try service("alpha")
        let order = Event.command(.signal(alpha.name, replica: nil, .hangup))
        var bench = Bench(alpha)
        try bench.run(1, .of(alpha))
        #expect(brokenInvariant { () throws(Violation) in try bench.tell(order, at: 1) } == .lifecycle)
        bench = Bench(alpha)
        try bench.run(1, .of(alpha))
        let sent = Effect.signal(.number(1), .hangup, .mainProcess)
        #expect(brokenInvariant { () throws(Violation) in try bench.tell(order, at: 1, [sent]) } == nil)
        #expect(brokenInvariant { () throws(Violation) in try bench.tell(.timePassed, at: 2, [sent]) } == .lifecycle)
    }

    // MARK: Schedules

    private func scheduled(_ overlap: ScheduleSpec.Overlap) throws -> ServiceSpec {
        try service("alpha", schedule: ScheduleSpec(trigger: .interval(.seconds(1)), overlap: overlap))
    }

    private func said(_ reason: Reason, _ service: ServiceSpec) -> Effect {
        .publish(reason, about: .service(service.name))
    }

    @Test func runsByTheRulesBreakNothing() throws {
        let alpha = try scheduled(.queue)
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start([])
                try bench.tell(
                    .scheduleDue(alpha.name), at: 1, [said(.runBegins(.schedule), alpha)] + bench.make(1, .of(alpha)))
                try bench.tell(.spawned(.number(1), pid: 100), at: 1)
                try bench.tell(.scheduleDue(alpha.name), at: 2, [said(.runQueued, alpha)])
                try bench.tell(.scheduleDue(alpha.name), at: 2, [said(.runSkipped("another"), alpha)])
                try bench.tell(
                    .exited(.number(1), .exited(code: 0), leftovers: false), at: 3,
                    bench.finish(1) + [said(.runEnded(.succeeded), alpha), said(.runBegins(.schedule), alpha)]
                        + bench.make(2, .of(alpha)))
            } == nil)
    }

    @Test func aRunThatIsDueIsForgottenOrTreatedByAnotherRule() throws {
        for answer in [[], [said(.runQueued, try scheduled(.skip))]] {
            let alpha = try scheduled(.skip)
            var bench = Bench(alpha)
            #expect(
                brokenInvariant { () throws(Violation) in
                    try bench.tell(
                        .scheduleDue(alpha.name), at: 1,
                        [said(.runBegins(.schedule), alpha)] + bench.make(1, .of(alpha)))
                    try bench.tell(.scheduleDue(alpha.name), at: 2, answer)
                } == .schedule)
        }
    }

    @Test func aScheduledServiceThatRunsUnasked() throws {
        let alpha = try scheduled(.skip)
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in try bench.start(bench.make(1, .of(alpha))) } == .schedule)
    }

    @Test func aRunThatEndsAsItDidNot() throws {
        let alpha = try scheduled(.skip)
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.tell(
                    .scheduleDue(alpha.name), at: 1, [said(.runBegins(.schedule), alpha)] + bench.make(1, .of(alpha)))
                try bench.tell(.spawned(.number(1), pid: 100), at: 1)
                try bench.tell(
                    .exited(.number(1), .exited(code: 0), leftovers: false), at: 3,
                    bench.finish(1) + [said(.runEnded(.stopped), alpha)])
            } == .schedule)
    }
}
