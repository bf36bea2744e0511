import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// What is due is done when the core is told that time has passed: not before, and not later.
@Suite struct JudgeDeadlineTests {
    private let run = ProbeRun(role: .readiness, number: 1)

    /// A service with a run of its probe under way, from 0 s to 1 s.
    private func bench() throws -> (Bench, ServiceSpec) {
        let probe = ProbeSpec(handler: .exec(command: ["probe"]), period: .seconds(5), timeout: .seconds(1))
        let alpha = try service("alpha", probes: ProbeSet(readiness: probe))
        var bench = Bench(alpha)
        try bench.run(1, .of(alpha))
        try bench.tell(.timePassed, [.startProbe(.number(1), run)])
        return (bench, alpha)
    }

    @Test func anAnswerThatIsToldBeforeTheTimeCounts() throws {
        var (bench, alpha) = try bench()
        try bench.tell(.observed(.replica(.of(alpha)), .degraded("nothing")), at: 3, nextDeadline: .at(1))
        try bench.tell(.probeFinished(.number(1), run, .passed), at: 3, nextDeadline: .at(5))
        #expect(bench.judge.told.isAsDesired)
    }

    @Test func aTimeoutBeforeTheCoreWasToldTheTime() throws {
        var (bench, alpha) = try bench()
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.tell(
                    .observed(.replica(.of(alpha)), .degraded("nothing")), at: 3, [.cancelProbe(.number(1), run)])
            } == .probes)
    }

    @Test func aKillBeforeTheCoreWasToldTheTime() throws {
        var (bench, alpha) = try bench()
        try bench.tell(.probeFinished(.number(1), run, .passed), at: 0.5)
        try bench.stop(1, alpha, at: 1)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.tell(.notified(.number(1), .stopping), at: 20, [.kill(.number(1))])
            } == .lifecycle)
    }
}
