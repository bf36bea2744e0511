import StackModel
import Testing

@testable import SupervisorCore

@Suite struct ProbeMachineTests {
    private var context = Context(seed: 1)

    private func machine(_ spec: ProbeSpec, role: ProbeRole = .readiness) -> ProbeMachine {
        ProbeMachine(role: role, spec: spec, instance: InstanceID(serial: 1), slot: 0)
    }

    /// The deeds of what `change` does at that moment.
    private mutating func at(_ moment: Duration, _ change: (inout Context) -> Void) -> [String] {
        var effects: [Effect] = []
        context.begin(at: Instant(sinceOrigin: moment), taking: &effects)
        _ = context.deadlines.popDue(at: context.now)
        change(&context)
        context.end(returning: &effects)
        return effects.compactMap(\.deed)
    }

    @Test mutating func theFirstRunWaitsForTheInitialDelayAndTheNextForThePeriod() {
        var probe = machine(
            ProbeSpec(handler: tcpProbe.handler, initialDelay: .seconds(2), period: .seconds(5)))
        #expect(at(.zero) { probe.begin(spawnedAt: .origin, in: &$0) } == [])
        #expect(context.deadlines.next == Instant(sinceOrigin: .seconds(2)))
        #expect(at(.seconds(2)) { _ = probe.deadlinePassed(in: &$0) } == ["probe #1 readiness 1"])
        #expect(at(.seconds(2.5)) { _ = probe.finished(run(1), .passed, in: &$0) } == [])
        #expect(context.deadlines.next == Instant(sinceOrigin: .seconds(7)))
    }

    @Test mutating func aRunWithoutAnAnswerIsCancelledAndFails() {
        var probe = machine(ProbeSpec(handler: tcpProbe.handler, timeout: .seconds(3), failureThreshold: 1))
        #expect(at(.zero) { probe.begin(spawnedAt: .origin, in: &$0) } == ["probe #1 readiness 1"])
        #expect(context.deadlines.next == Instant(sinceOrigin: .seconds(3)))
        var verdict = ProbeMachine.Verdict.undecided
        #expect(at(.seconds(3)) { verdict = probe.deadlinePassed(in: &$0) } == ["cancel #1 readiness 1"])
        #expect(verdict == .failed("no answer within 3s", times: 1))
        // Its answer comes after all: it is dropped.
        _ = at(.seconds(4)) { verdict = probe.finished(run(1), .passed, in: &$0) }
        #expect(verdict == .undecided)
    }

    @Test mutating func thresholdsCountRunsInARow() {
        var probe = machine(
            ProbeSpec(
                handler: tcpProbe.handler, period: .seconds(1), successThreshold: 2, failureThreshold: 3))
        var verdicts: [ProbeMachine.Verdict] = []
        let outcomes: [ProbeOutcome] = [
            .passed, .failed("x"), .passed, .passed, .failed("y"), .failed("y"), .failed("z"),
        ]
        _ = at(.zero) { probe.begin(spawnedAt: .origin, in: &$0) }
        for (index, outcome) in outcomes.enumerated() {
            if index > 0 { _ = at(.seconds(index)) { _ = probe.deadlinePassed(in: &$0) } }
            _ = at(.seconds(index)) { verdicts.append(probe.finished(run(UInt32(index + 1)), outcome, in: &$0)) }
        }
        #expect(
            verdicts == [
                .undecided, .faltered("x"), .undecided, .succeeded, .faltered("y"), .undecided,
                .failed("z", times: 3),
            ])
    }

    @Test mutating func endingCancelsTheRunAndDropsTheDeadline() {
        var probe = machine(tcpProbe)
        _ = at(.zero) { probe.begin(spawnedAt: .origin, in: &$0) }
        #expect(at(.zero) { probe.end(in: &$0) } == ["cancel #1 readiness 1"])
        #expect(context.deadlines.next == nil)
        #expect(at(.zero) { probe.end(in: &$0) } == [])
    }

    @Test mutating func aLogProbeIsToldOnce() {
        var probe = machine(ProbeSpec(handler: .log(pattern: "up"), period: .seconds(1)))
        #expect(at(.zero) { probe.begin(spawnedAt: .origin, in: &$0) } == ["probe #1 readiness 1"])
        #expect(context.deadlines.next == nil)
        var verdict = ProbeMachine.Verdict.undecided
        _ = at(.seconds(100)) { verdict = probe.finished(run(1), .passed, in: &$0) }
        #expect(verdict == .succeeded)
        #expect(context.deadlines.next == nil)
    }

    @Test mutating func aLogProbeOfAStartHasAsLongAsItsRunsWouldHave() {
        var probe = machine(
            ProbeSpec(handler: .log(pattern: "up"), period: .seconds(2), failureThreshold: 5), role: .startup)
        _ = at(.zero) { probe.begin(spawnedAt: .origin, in: &$0) }
        var verdict = ProbeMachine.Verdict.undecided
        _ = at(.seconds(10)) { verdict = probe.deadlinePassed(in: &$0) }
        #expect(verdict == .failed("nothing within 10s", times: 1))
    }

    @Test mutating func aRunLongerThanThePeriodIsFollowedAtOnceButNeverDoubled() {
        var probe = machine(ProbeSpec(handler: tcpProbe.handler, period: .seconds(1), timeout: .seconds(10)))
        _ = at(.zero) { probe.begin(spawnedAt: .origin, in: &$0) }
        _ = at(.seconds(4)) { _ = probe.finished(run(1), .passed, in: &$0) }
        #expect(context.deadlines.next == Instant(sinceOrigin: .seconds(4)))
        #expect(at(.seconds(4)) { _ = probe.deadlinePassed(in: &$0) } == ["probe #1 readiness 2"])
    }
}

private func run(_ number: UInt32) -> ProbeRun { ProbeRun(role: .readiness, number: number) }
