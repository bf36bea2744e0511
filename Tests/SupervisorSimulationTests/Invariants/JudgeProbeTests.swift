import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// The judge knows when a probe may run, and keeps its tally.
@Suite struct JudgeProbeTests {
    private let probe = ProbeSpec(
        handler: .exec(command: ["probe"]), period: .seconds(5), timeout: .seconds(1), failureThreshold: 2)

    private func bench(_ probes: ProbeSet, notify: Bool = false) throws -> (Bench, ServiceSpec) {
        let alpha = try service("alpha", notify: notify, probes: probes)
        return (Bench(alpha), alpha)
    }

    private func readiness(_ number: UInt32) -> ProbeRun { ProbeRun(role: .readiness, number: number) }

    @Test func twoRunsAtATime() throws {
        var (bench, alpha) = try bench(ProbeSet(readiness: probe))
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(
                    .timePassed, [.startProbe(.number(1), readiness(1)), .startProbe(.number(1), readiness(2))])
            } == .probes)
    }

    @Test func aRunBeforeThePeriodIsOver() throws {
        var (bench, alpha) = try bench(ProbeSet(readiness: probe))
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.timePassed, at: 0, [.startProbe(.number(1), readiness(1))])
                try bench.tell(
                    .probeFinished(.number(1), readiness(1), .passed), at: 0.5, [.startProbe(.number(1), readiness(2))])
            } == .probes)
    }

    @Test func aNumberUsedTwice() throws {
        var (bench, alpha) = try bench(ProbeSet(readiness: probe))
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.timePassed, at: 0, [.startProbe(.number(1), readiness(1))])
                try bench.tell(.probeFinished(.number(1), readiness(1), .passed), at: 0.5)
                try bench.tell(.timePassed, at: 5, [.startProbe(.number(1), readiness(1))])
            } == .identity)
    }

    @Test func aRunThatIsNotEndedAtItsTimeout() throws {
        var (bench, alpha) = try bench(ProbeSet(readiness: probe))
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.timePassed, at: 0, [.startProbe(.number(1), readiness(1))])
                try bench.tell(.timePassed, at: 2)
            } == .probes)
    }

    @Test func aReadinessProbeBeforeTheStartIsProven() throws {
        var (bench, alpha) = try bench(ProbeSet(readiness: probe), notify: true)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.timePassed, at: 1, [.startProbe(.number(1), readiness(1))])
            } == .probes)
    }

    @Test func aStartupProbeThatGoesOnAfterItHasPassed() throws {
        var (bench, alpha) = try bench(ProbeSet(startup: probe), notify: true)
        let run = ProbeRun(role: .startup, number: 1)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.timePassed, at: 0, [.startProbe(.number(1), run)])
                try bench.tell(.probeFinished(.number(1), run, .passed), at: 0.5)
                try bench.tell(.timePassed, at: 5, [.startProbe(.number(1), ProbeRun(role: .startup, number: 2))])
            } == .probes)
    }

    @Test func aReleaseWithARunUnderWay() throws {
        var (bench, alpha) = try bench(ProbeSet(readiness: probe))
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.timePassed, at: 0, [.startProbe(.number(1), readiness(1))])
                try bench.tell(.exited(.number(1), .exited(code: 1), leftovers: false), at: 0.5, bench.finish(1))
            } == .probes)
    }

    @Test func aFailedLivenessProbeWithoutConsequence() throws {
        var (bench, alpha) = try bench(ProbeSet(liveness: probe))
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                for number in 1...2 as ClosedRange<UInt32> {
                    let run = ProbeRun(role: .liveness, number: number)
                    try bench.tell(.timePassed, at: Double(number) * 5, [.startProbe(.number(1), run)])
                    try bench.tell(.probeFinished(.number(1), run, .failed("no")), at: Double(number) * 5 + 0.5)
                }
            } == .lifecycle)
    }

    @Test func readinessFollowsTheTally() throws {
        var (bench, alpha) = try bench(ProbeSet(readiness: probe))
        try bench.run(1, .of(alpha))
        var shown: [Bool] = []
        for (number, outcome) in [.passed, .failed("no"), .failed("no"), .passed].enumerated()
            as EnumeratedSequence<[ProbeOutcome]>
        {
            let run = readiness(UInt32(number) + 1)
            try bench.tell(.timePassed, at: Double(number) * 5, [.startProbe(.number(1), run)])
            try bench.tell(.probeFinished(.number(1), run, outcome), at: Double(number) * 5 + 0.5)
            shown.append(bench.judge.told.isAsDesired)
        }
        // One failure of two that are needed takes nothing out of rotation.
        #expect(shown == [true, true, false, true])
    }
}
