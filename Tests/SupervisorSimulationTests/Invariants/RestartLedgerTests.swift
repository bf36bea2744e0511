import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// The judge's count of restarts, by the rules of the stack file.
@Suite struct RestartLedgerTests {
    private let backoff = RestartSpec.Backoff(
        initial: .seconds(1), factorThousandths: 2000, maximum: .seconds(3))

    private func spec(_ mode: RestartSpec.Mode = .always, budget: RestartSpec.Budget? = nil) -> RestartSpec {
        RestartSpec(mode: mode, backoff: backoff, budget: budget)
    }

    @Test func theBoundGrowsToItsMaximum() {
        var ledger = RestartLedger()
        // 1 s, 2 s, then 3 s for ever; each bound itself is allowed, and a moment more is not.
        for (number, bound) in [1, 2, 3, 3].enumerated() {
            var other = ledger
            let tooLong = Duration.seconds(bound) + .nanoseconds(1)
            #expect(other.restart(after: tooLong, spec(), wasReady: false, isCounted: true, at: .origin) != nil)
            let found = ledger.restart(after: .seconds(bound), spec(), wasReady: false, isCounted: true, at: .origin)
            #expect(found == nil, "delay \(number)")
        }
    }

    @Test func onlyTheFirstRestartAfterAReadyRunIsAtOnce() {
        var ledger = RestartLedger()
        #expect(ledger.restartAtOnce(spec(), wasReady: true, at: .origin) == nil)
        #expect(ledger.restartAtOnce(spec(), wasReady: true, at: .at(1)) != nil)
    }

    @Test func aRestartAtOnceNeedsAReadyRun() {
        var ledger = RestartLedger()
        #expect(ledger.restartAtOnce(spec(), wasReady: false, at: .origin) != nil)
    }

    @Test func aStableRunForgetsTheStreak() {
        var ledger = RestartLedger()
        _ = ledger.restart(after: .seconds(1), spec(), wasReady: false, isCounted: true, at: .origin)
        ledger.wasReady(for: .seconds(59), served: .seconds(59))
        #expect(ledger.restart(after: .zero, spec(), wasReady: true, isCounted: true, at: .at(60)) == nil)
        ledger.wasReady(for: .seconds(60), served: .seconds(60))
        #expect(ledger.restart(after: .zero, spec(), wasReady: true, isCounted: true, at: .at(200)) != nil)
    }

    @Test func aStableRunWhoseEndTheCoreWasNotToldOfInTimeMayCountOrNot() {
        var ledger = RestartLedger()
        _ = ledger.restart(after: .seconds(1), spec(), wasReady: false, isCounted: true, at: .origin)
        ledger.wasReady(for: .seconds(60), served: .seconds(59))
        var other = ledger
        #expect(ledger.restartAtOnce(spec(), wasReady: true, at: .at(61)) == nil)
        #expect(other.restart(after: .seconds(2), spec(), wasReady: true, isCounted: true, at: .at(61)) == nil)
    }

    @Test func theBudgetCountsWithinItsTime() {
        let spec = spec(budget: .init(restarts: 2, within: .seconds(10)))
        var ledger = RestartLedger()
        for time in [0.0, 1, 10.5] {
            #expect(ledger.restart(after: .zero, spec, wasReady: false, isCounted: true, at: .at(time)) == nil)
        }
        // Those at 1 s and 10.5 s count still.
        #expect(ledger.restart(after: .zero, spec, wasReady: false, isCounted: true, at: .at(10.8)) != nil)
    }

    @Test func whatTheHostFailedToDoCountsForNothing() {
        let spec = spec(.onFailure(maximumRetries: 1), budget: .init(restarts: 1, within: .seconds(10)))
        var ledger = RestartLedger()
        for _ in 0..<5 {
            #expect(ledger.restart(after: .zero, spec, wasReady: false, isCounted: false, at: .origin) == nil)
        }
        #expect(ledger.restart(after: .zero, spec, wasReady: false, isCounted: true, at: .origin) == nil)
    }

    @Test func retriesAreLimited() {
        let spec = spec(.onFailure(maximumRetries: 1))
        var ledger = RestartLedger()
        #expect(ledger.restart(after: .zero, spec, wasReady: false, isCounted: true, at: .origin) == nil)
        #expect(ledger.restart(after: .zero, spec, wasReady: false, isCounted: true, at: .origin) != nil)
    }

    @Test func givingUpNeedsItsReason() {
        let budget = RestartSpec.Budget(restarts: 1, within: .seconds(10))
        var ledger = RestartLedger()
        #expect(ledger.giveUp(.policyIsNo, spec(.no), at: .origin) == nil)
        #expect(ledger.giveUp(.policyIsNo, spec(.always), at: .origin) != nil)
        #expect(ledger.giveUp(.retriesUsed(1), spec(.onFailure(maximumRetries: 1)), at: .origin) != nil)
        #expect(ledger.giveUp(.budgetUsed(budget), spec(budget: budget), at: .origin) != nil)
        _ = ledger.restart(after: .zero, spec(budget: budget), wasReady: false, isCounted: true, at: .origin)
        #expect(ledger.giveUp(.budgetUsed(budget), spec(budget: budget), at: .at(1)) == nil)
        #expect(ledger.giveUp(.budgetUsed(budget), spec(budget: budget), at: .at(10)) != nil)
    }

    @Test func aStartWaitsForItsDelay() throws {
        let alpha = try service("alpha", restart: spec())
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)))
                let failure = SpawnFailure(stage: "executable", errno: 2, message: "no such file")
                try bench.tell(
                    .spawnFailed(.number(1), failure, isTransient: false), at: 1,
                    bench.finish(1) + [.publish(.restartsAfter(.seconds(1)), about: .replica(.of(alpha)))])
                try bench.tell(.timePassed, at: 1.5, bench.make(2, .of(alpha)))
            } == .backoff)
    }

    @Test func aStartDoesNotWaitForLonger() throws {
        let alpha = try service("alpha", restart: spec())
        var bench = Bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)))
                let failure = SpawnFailure(stage: "executable", errno: 2, message: "no such file")
                try bench.tell(
                    .spawnFailed(.number(1), failure, isTransient: false), at: 1,
                    bench.finish(1) + [.publish(.restartsAfter(.seconds(1)), about: .replica(.of(alpha)))])
                try bench.tell(.timePassed, at: 2.5)
            } == .promptness)
    }

    @Test func aCrashThatCountsThoughADependencyIsDown() throws {
        let alpha = try service("alpha", notify: true)
        let bravo = try service("bravo", dependsOn: [(alpha, .healthy)])
        var bench = Bench(alpha, bravo)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.run(1, .of(alpha))
                try bench.tell(.notified(.number(1), .ready), at: 1, bench.make(2, .of(bravo)))
                try bench.tell(.spawned(.number(2), pid: 101), at: 2)
                try bench.tell(.notified(.number(1), .stopping), at: 3)
                try bench.tell(
                    .exited(.number(2), .exited(code: 1), leftovers: false), at: 4,
                    bench.finish(2) + [.publish(.restartsAfter(.zero), about: .replica(.of(bravo)))])
            } == .budget)
    }
}
