import StackModel
import Testing

@testable import SupervisorCore

@Suite struct RestartHistoryTests {
    private var random = SplitMix64(seed: 3)
    private var history = RestartHistory()

    private mutating func decide(
        _ spec: RestartSpec, wasReady: Bool = false, at seconds: Int = 0
    ) -> RestartHistory.Decision {
        history.decide(
            spec, after: .exited, wasReady: wasReady, at: Instant(sinceOrigin: .seconds(seconds)), random: &random)
    }

    private mutating func delay(_ spec: RestartSpec) -> Duration? {
        guard case .restart(let delay) = decide(spec) else { return nil }
        return delay
    }

    @Test mutating func theFirstRestartAfterReadinessIsAtOnceAndTheNextIsNot() {
        let spec = RestartSpec(mode: .always)
        #expect(decide(spec, wasReady: true) == .restartAtOnce)
        #expect(decide(spec, wasReady: true) != .restartAtOnce)
        history.forgetStreak()
        #expect(decide(spec, wasReady: true) == .restartAtOnce)
        #expect(history.restarts == 3)
    }

    @Test mutating func aStartThatNeverGotReadyIsDelayedFromTheFirst() {
        #expect(decide(RestartSpec(mode: .always)) != .restartAtOnce)
    }

    @Test func delaysAreDrawnFromNothingToABoundThatGrowsToTheMaximum() {
        let backoff = RestartSpec.Backoff(
            initial: .milliseconds(100), factorThousandths: 3000, maximum: .milliseconds(1000))
        let bounds: [Duration] = [100, 300, 900, 1000, 1000].map { .milliseconds($0) }
        var largest = bounds.map { _ in Duration.zero }
        for seed in 0..<400 {
            var random = SplitMix64(seed: UInt64(seed))
            var history = RestartHistory()
            for (step, bound) in bounds.enumerated() {
                let decision = history.decide(
                    RestartSpec(mode: .always, backoff: backoff), after: .exited, wasReady: false, at: .origin,
                    random: &random)
                guard case .restart(let delay) = decision else {
                    Issue.record("no restart at step \(step): \(decision)")
                    return
                }
                #expect(delay >= .zero && delay <= bound)
                largest[step] = max(largest[step], delay)
            }
        }
        // Full jitter reaches the upper tenth of each bound in 400 draws, or it is none.
        for (seen, bound) in zip(largest, bounds) { #expect(seen > bound * 9 / 10) }
    }

    @Test mutating func onFailureCountsRestartsInARow() {
        let spec = RestartSpec(mode: .onFailure(maximumRetries: 2))
        #expect(delay(spec) != nil)
        #expect(delay(spec) != nil)
        #expect(decide(spec) == .giveUp(.retriesUsed(2)))
        history.forgetStreak()
        #expect(delay(spec) != nil)
    }

    @Test mutating func noGivesUpAtOnce() {
        #expect(decide(RestartSpec(mode: .no), wasReady: true) == .giveUp(.policyIsNo))
    }

    @Test mutating func theBudgetIsAWindowThatSlides() {
        let budget = RestartSpec.Budget(restarts: 2, within: .seconds(10))
        let spec = RestartSpec(mode: .always, budget: budget)
        #expect(decide(spec, at: 0) != .giveUp(.budgetUsed(budget)))
        #expect(decide(spec, at: 6) != .giveUp(.budgetUsed(budget)))
        #expect(decide(spec, at: 9) == .giveUp(.budgetUsed(budget)))
        #expect(decide(spec, at: 10) != .giveUp(.budgetUsed(budget)))
        #expect(decide(spec, at: 15) == .giveUp(.budgetUsed(budget)))
        history.forgive()
        #expect(decide(spec, at: 15) != .giveUp(.budgetUsed(budget)))
    }

    @Test mutating func stableIsAMinuteOrTwiceTheLastDelay() {
        #expect(history.stablePeriod == .seconds(60))
        let backoff = RestartSpec.Backoff(
            initial: .seconds(1000), factorThousandths: 1000, maximum: .seconds(1000))
        let delay = delay(RestartSpec(mode: .always, backoff: backoff))
        #expect(history.stablePeriod == max(.seconds(60), (delay ?? .zero) * 2))
        #expect(history.stablePeriod > .seconds(60))
    }

    @Test mutating func transientFailuresAreDelayedButNotCounted() {
        let spec = RestartSpec(
            mode: .onFailure(maximumRetries: 1), budget: .init(restarts: 1, within: .seconds(1000)))
        for _ in 0..<10 {
            let delay = history.delayAfterTransientFailure(spec.backoff, random: &random)
            #expect(delay <= spec.backoff.maximum)
        }
        #expect(history.restarts == 0)
        #expect(delay(spec) != nil)
    }
}
