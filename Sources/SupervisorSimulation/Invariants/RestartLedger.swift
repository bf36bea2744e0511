import StackModel
import SupervisorCore

/// What a replica's restarts have come to, counted from what the core publishes, by the rules of the stack file.
///
/// Where an observer cannot tell whether an operator's command made the core start counting afresh, two tallies keep
/// what it must have counted at least and can have counted at most.
struct RestartLedger {
    struct Tally {
        /// Restarts since the last stable run.
        var streak = 0
        /// Delays drawn since then.
        var draws = 0
        var lastDelay: Duration = .zero
        /// When the restarts happened that the budget may count.
        var counted: [Instant] = []

        mutating func forgetStreak() {
            streak = 0
            draws = 0
            lastDelay = .zero
        }

        mutating func count(at now: Instant, _ budget: RestartSpec.Budget?) {
            streak += 1
            guard let budget else { return }
            counted.removeAll { $0.advanced(by: budget.within) <= now }
            counted.append(now)
        }

        func counted(by budget: RestartSpec.Budget, at now: Instant) -> Int {
            counted.count { $0.advanced(by: budget.within) > now }
        }

        /// How long the replica must be ready for its streak to be forgotten.
        var stablePeriod: Duration { max(.seconds(60), lastDelay * 2) }
    }

    private var atLeast = Tally()
    private var atMost = Tally()
    /// What the latest delay was drawn by.
    private var lastBound: Duration?
    private var lastBackoff: RestartSpec.Backoff?
    /// No start before this.
    private(set) var notBefore: Instant?
    /// From then on the backoff is no reason to wait any more.
    private(set) var dueAt: Instant?
    private(set) var isGivenUp = false

    // MARK: What makes it forget

    /// A time of being ready has ended. `served`: as much of it as the core had been told that it had passed; between
    /// the two, it may forget or not.
    mutating func wasReady(for span: Duration, served: Duration) {
        if span >= atLeast.stablePeriod { atLeast.forgetStreak() }
        if served >= atMost.stablePeriod { atMost.forgetStreak() }
    }

    /// An operator has the replica stopped or restarted.
    mutating func forgive() {
        self = RestartLedger()
    }

    /// As above, or not.
    mutating func mayForgive() {
        atLeast = Tally()
    }

    /// An operator wants a replica without an instance to run.
    mutating func startWasAsked(isNamed: Bool, hasCompleted: Bool, at now: Instant) {
        let isAtRest = isGivenUp || hasCompleted || dueAt.map { now < $0 } ?? false
        if isNamed && isAtRest { return forgive() }
        mayForgive()
        notBefore = nil
        isGivenUp = false
    }

    mutating func started() {
        notBefore = nil
        dueAt = nil
        isGivenUp = false
    }

    // MARK: What the core decides

    /// A failure that counts, and a restart without delay. Returns what is wrong with that.
    mutating func restartAtOnce(_ spec: RestartSpec, wasReady: Bool, at now: Instant) -> Objection? {
        if !wasReady { return Objection(.backoff, "a restart is at once though the instance had never been ready") }
        if atLeast.streak > 0 {
            return Objection(.backoff, "a restart is at once though it is number \(atLeast.streak + 1) in a row")
        }
        return count(spec, at: now)
    }

    /// A failure, and a restart after a delay. Returns what is wrong with that.
    mutating func restart(
        after delay: Duration, _ spec: RestartSpec, wasReady: Bool, isCounted: Bool, at now: Instant
    ) -> Objection? {
        // A policy that has changed since then goes on from where the one before stood.
        let grown = lastBound.map { $0 * spec.backoff.factorThousandths / 1_000 } ?? .zero
        var bound = Self.bound(spec.backoff, draws: atMost.draws)
        if lastBackoff != spec.backoff, atMost.draws > 0 { bound = max(bound, grown) }
        (lastBound, lastBackoff) = (bound, spec.backoff)
        if delay > bound {
            return Objection(.backoff, "the delay is \(delay.text), and at most \(bound.text) is allowed")
        }
        if isCounted && wasReady && atMost.streak == 0 {
            return Objection(.backoff, "the first restart after a ready run has a delay")
        }
        for path in [\RestartLedger.atLeast, \RestartLedger.atMost] {
            self[keyPath: path].draws += 1
            self[keyPath: path].lastDelay = delay
        }
        notBefore = now.advanced(by: delay)
        dueAt = notBefore
        return isCounted ? count(spec, at: now) : nil
    }

    private mutating func count(_ spec: RestartSpec, at now: Instant) -> Objection? {
        atLeast.count(at: now, spec.budget)
        atMost.count(at: now, spec.budget)
        switch spec.mode {
        case .no: return Objection(.budget, "is restarted though its policy is no")
        case .onFailure(let limit?) where atLeast.streak > limit:
            return Objection(.budget, "is restarted \(atLeast.streak) times in a row, and \(limit) are allowed")
        case .onFailure, .always, .unlessStopped: break
        }
        guard let budget = spec.budget else { return nil }
        let counted = atLeast.counted(by: budget, at: now)
        guard counted > budget.restarts else { return nil }
        let most = "\(budget.restarts) within \(budget.within.text)"
        return Objection(.budget, "is restarted \(counted) times, and \(most) are allowed")
    }

    /// Returns what is wrong with giving up now.
    mutating func giveUp(_ why: GiveUp, _ spec: RestartSpec, at now: Instant) -> Objection? {
        isGivenUp = true
        switch why {
        case .policyIsNo:
            return spec.mode == .no ? nil : Objection(.budget, "is given up because of a policy that it does not have")
        case .retriesUsed(let limit):
            if spec.mode == .onFailure(maximumRetries: limit), atMost.streak >= limit { return nil }
            return Objection(.budget, "is given up after \(atMost.streak) restarts in a row, and says \(limit)")
        case .budgetUsed(let budget):
            let counted = atMost.counted(by: budget, at: now)
            if spec.budget == budget, counted >= budget.restarts { return nil }
            return Objection(.budget, "is given up after \(counted) restarts, and says \(budget.restarts)")
        }
    }

    /// initial·factorⁿ up to the maximum.
    private static func bound(_ backoff: RestartSpec.Backoff, draws: Int) -> Duration {
        var bound = min(backoff.initial, backoff.maximum)
        for _ in 0..<draws where bound < backoff.maximum && backoff.factorThousandths > 1_000 {
            bound = min(bound * backoff.factorThousandths / 1_000, backoff.maximum)
        }
        return bound
    }
}
