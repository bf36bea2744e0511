import StackModel

/// What a replica remembers of its restarts, and the policy that follows from it.
struct RestartHistory: Sendable {
    /// Restarts that nobody asked for, by their causes in the order in which these came first.
    private(set) var restartsByCause: [(cause: RestartCause, count: Int)] = []
    /// Failures since the last stable run, or since an operator's command.
    private(set) var streak = 0
    private(set) var lastDelay: Duration = .zero
    /// The bound of the next delay; nil before the first.
    private var nextBound: Duration?
    /// When the restarts that the budget still counts happened; as many as it allows at the most.
    private var counted: [Instant] = []

    /// Restarts that nobody asked for.
    var restarts: Int { restartsByCause.reduce(0) { $0 + $1.count } }

    enum Decision: Hashable {
        case restartAtOnce
        case restart(after: Duration)
        case giveUp(GiveUp)
    }

    /// How long a replica must be ready for its failures to be forgotten.
    var stablePeriod: Duration {
        max(.seconds(60), lastDelay * 2)
    }

    /// Forgets the failures, not the number of restarts nor what the budget has counted.
    mutating func forgetStreak() {
        streak = 0
        lastDelay = .zero
        nextBound = nil
    }

    /// Starts afresh, because an operator asked for it.
    mutating func forgive() {
        forgetStreak()
        counted = []
    }

    /// What follows an end that counts. A restart is at once after a stable run; after that with a growing delay.
    mutating func decide(
        _ spec: RestartSpec, after cause: RestartCause, wasReady: Bool, at now: Instant, random: inout SplitMix64
    ) -> Decision {
        switch spec.mode {
        case .no:
            return .giveUp(.policyIsNo)
        case .onFailure(let limit?) where streak >= limit:
            return .giveUp(.retriesUsed(limit))
        case .onFailure, .always, .unlessStopped:
            break
        }
        if let budget = spec.budget {
            counted.removeAll { $0 <= now.advanced(by: .zero - budget.within) }
            guard counted.count < budget.restarts else { return .giveUp(.budgetUsed(budget)) }
            counted.append(now)
        }
        streak += 1
        note(cause)
        if wasReady && streak == 1 { return .restartAtOnce }
        return .restart(after: drawDelay(spec.backoff, random: &random))
    }

    /// The delay after a failure that was the host's, not the service's: it grows, but nothing is counted.
    mutating func delayAfterTransientFailure(_ backoff: RestartSpec.Backoff, random: inout SplitMix64) -> Duration {
        drawDelay(backoff, random: &random)
    }

    /// A restart that its dependency's failure caused.
    mutating func noteUncountedRestart() {
        note(.dependency)
    }

    /// Those of a replica whose place this one takes happened before.
    mutating func count(_ former: RestartHistory) {
        let own = restartsByCause
        restartsByCause = former.restartsByCause
        for (cause, count) in own { note(cause, times: count) }
    }

    private mutating func note(_ cause: RestartCause, times: Int = 1) {
        if let position = restartsByCause.firstIndex(where: { $0.cause == cause }) {
            restartsByCause[position].count += times
        } else {
            restartsByCause.append((cause, times))
        }
    }

    /// Full jitter: anything from nothing to the bound (Brooker, "Exponential Backoff And Jitter", 2015).
    private mutating func drawDelay(_ backoff: RestartSpec.Backoff, random: inout SplitMix64) -> Duration {
        let bound = nextBound ?? min(backoff.initial, backoff.maximum)
        nextBound = min(bound * backoff.factorThousandths / 1000, backoff.maximum)
        lastDelay = .nanoseconds(Int64.random(in: 0...max(0, bound.wholeNanoseconds), using: &random))
        return lastDelay
    }
}
