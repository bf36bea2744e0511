import StackModel
import SupervisorCore

/// What an autoscaler has recommended and changed, and from that what its next decision may be.
///
/// The rules are those of Kubernetes' documentation ("Configurable scaling behavior"), and DESIGN's for what one host
/// needs beyond it.
struct ScalingLedger {
    private struct Recommendation {
        let time: Instant
        let replicas: Int
        var isSure = true
    }

    private struct Change {
        let time: Instant
        let from: Int
        let to: Int
        /// A policy counts it, and not merely may.
        var isSure: Bool
    }

    private var recommendations: [Recommendation] = []
    private var changes: [Change] = []
    /// Since when, at the earliest and at the latest, nobody needs it; nil where somebody does.
    private var idleSince: (earliest: Instant, latest: Instant?)?

    /// No rule looks back further.
    private static let memory = Duration.seconds(3_600)

    // MARK: What happens

    /// Somebody has connected to what was down.
    mutating func wake(at now: Instant) {
        note(Change(time: now, from: 0, to: 1, isSure: false))
        idleSince = nil
    }

    /// What counted by other rules may be forgotten.
    mutating func blur() {
        for index in recommendations.indices { recommendations[index].isSure = false }
        for index in changes.indices { changes[index].isSure = false }
    }

    /// Nothing of it runs, so that nothing can be concluded.
    mutating func disturb() {
        idleSince?.latest = nil
    }

    private mutating func note(_ change: Change) {
        changes.removeAll { $0.time.advanced(by: Self.memory) < change.time }
        if change.from != change.to { changes.append(change) }
    }

    /// Returns what is wrong with a decision, which counts from now on.
    mutating func judge(_ decision: ScalingDecision, of situation: ScalingCase) -> Objection? {
        defer {
            let isSure = decision.desired > 0 && situation.current > 0
            note(Change(time: situation.now, from: situation.current, to: decision.desired, isSure: isSure))
        }
        guard decision.current == situation.current, decision.time == situation.now else {
            return Objection(.recommendation, "decides about \(decision.current) replicas of \(situation.current)")
        }
        // Kubernetes' initializeRecommendations; it may have come sooner, when nothing of it ran.
        if recommendations.isEmpty {
            recommendations = [Recommendation(time: situation.now, replicas: situation.current, isSure: false)]
        }
        if let objection = checkGroups(of: decision, situation) { return objection }
        let (current, desired, autoscale) = (situation.current, decision.desired, situation.autoscale)
        if current > autoscale.maximum { return require(autoscale.maximum, decision) }
        if current < autoscale.minimum { return require(autoscale.minimum, decision) }
        let oracle = ReplicaOracle(situation: situation).recommendation()
        if let objection = checkRecommendation(decision, oracle, situation) { return objection }
        // Where nothing may be concluded, nothing changes.
        let hasFailures = situation.report.readings.contains { if case .failed = $0 { true } else { false } }
        guard let recommended = decision.recommendation, oracle.range != nil,
            !(decision.limits.contains(.missingMetrics) || hasFailures && recommended < current)
        else {
            idleSince = nil
            return desired == current
                ? nil : Objection(.recommendation, "goes from \(current) to \(desired), and nothing can be concluded")
        }
        let idle = noteIdleness(recommended, situation)
        if desired == 0, current > 0 {
            recommendations.append(Recommendation(time: situation.now, replicas: 1, isSure: false))
            return idle.may ? nil : Objection(.idle, "goes down to none, and somebody was connected not long ago")
        }
        if idle.must { return Objection(.idle, "stays, and nobody has needed it for \(autoscale.idleAfter.text)") }
        // While there is anything, one is the least.
        return check(decision, recommended: current > 0 ? max(1, recommended) : recommended, situation)
    }

    private func require(_ bound: Int, _ decision: ScalingDecision) -> Objection? {
        decision.desired == bound
            ? nil
            : Objection(.bounds, "has \(decision.current) replicas, goes to \(decision.desired), and not \(bound)")
    }

    /// Each slot counts once, whatever stands beside it.
    private func checkGroups(of decision: ScalingDecision, _ situation: ScalingCase) -> Objection? {
        for case .proposal(_, _, _, let groups) in decision.metrics.map(\.outcome) {
            let counted = groups.ready + groups.unready + groups.missing + groups.ignored
            guard counted > situation.current else { continue }
            return Objection(.recommendation, "counts \(counted) replicas of \(situation.current)")
        }
        return nil
    }

    private func checkRecommendation(
        _ decision: ScalingDecision, _ oracle: ReplicaOracle.Recommendation, _ situation: ScalingCase
    ) -> Objection? {
        guard let recommended = decision.recommendation else {
            return oracle.mayHold ? nil : Objection(.recommendation, "concludes nothing, and could")
        }
        guard let range = oracle.range else { return nil }
        let isForbidden = oracle.mayHold && recommended < situation.current
        // While there is anything, one is the least that can be asked for.
        let isRight = range.contains(recommended) || recommended == 1 && range.lowerBound == 0
        guard !isRight, !isForbidden else { return nil }
        return Objection(
            .recommendation,
            "is recommended \(recommended), and the metrics ask for \(range.lowerBound) to "
                + "\(range.upperBound)")
    }

    // MARK: None at all

    /// Whether it may go down to none now, and must.
    private mutating func noteIdleness(_ recommended: Int, _ situation: ScalingCase) -> (may: Bool, must: Bool) {
        let autoscale = situation.autoscale
        guard autoscale.minimum == 0, situation.current > 0, autoscale.scaleDown.select != .disabled else {
            idleSince = nil
            return (false, false)
        }
        let isQuiet = situation.isReachable ? situation.report.connections == 0 : recommended <= 1
        guard isQuiet else {
            idleSince = nil
            return (false, false)
        }
        var since = idleSince ?? (situation.now, nil)
        since.latest = recommended <= 1 ? since.latest ?? situation.now : nil
        idleSince = since
        let may = since.earliest.advanced(by: autoscale.idleAfter) <= situation.now && recommended <= 1
        let isOver = since.latest.map { $0.advanced(by: autoscale.idleAfter) <= situation.now } ?? false
        let allRead = !situation.report.readings.contains { if case .failed = $0 { true } else { false } }
        return (may && allRead, may && allRead && isOver && situation.isReachable && recommended == 0)
    }

    // MARK: Windows, policies, room

    private mutating func check(
        _ decision: ScalingDecision, recommended: Int, _ situation: ScalingCase
    ) -> Objection? {
        let (current, now, autoscale) = (situation.current, situation.now, situation.autoscale)
        let stable = stabilized(recommended, situation)
        recommendations.removeAll { $0.time.advanced(by: Self.memory) < now }
        recommendations.append(Recommendation(time: now, replicas: recommended))
        if stable.upperBound > current {
            let limits = limits(autoscale.scaleUp, current, now, isUp: true)
            let least = max(current, min(stable.lowerBound, limits.lowerBound, autoscale.maximum))
            let most = max(current, min(stable.upperBound, limits.upperBound, autoscale.maximum))
            if decision.desired > current || stable.lowerBound > current {
                return checkUp(decision.desired, least...most, situation)
            }
        }
        let limits = limits(autoscale.scaleDown, current, now, isUp: false)
        let floor = max(autoscale.minimum, current > 0 ? 1 : 0)
        let least = min(current, max(stable.lowerBound, limits.lowerBound, floor))
        let most = min(current, max(stable.upperBound, limits.upperBound, floor))
        guard decision.desired < least || decision.desired > most else { return nil }
        return Objection(.pace, "goes from \(current) to \(decision.desired), and \(least) to \(most) is right")
    }

    /// What the windows leave of a recommendation, where it may be that some of what is in them does not count.
    private func stabilized(_ recommended: Int, _ situation: ScalingCase) -> ClosedRange<Int> {
        let (current, now, autoscale) = (situation.current, situation.now, situation.autoscale)
        let all = [true, false].map { countsAll in
            let counted = recommendations.filter { countsAll || $0.isSure }
            let up = counted.filter { $0.time.advanced(by: autoscale.scaleUp.stabilizationWindow) > now }
            let down = counted.filter { $0.time.advanced(by: autoscale.scaleDown.stabilizationWindow) > now }
            let risen = max(current, up.map(\.replicas).reduce(recommended, min))
            return min(risen, down.map(\.replicas).reduce(recommended, max))
        }
        return min(all[0], all[1])...max(all[0], all[1])
    }

    private func checkUp(_ desired: Int, _ most: ClosedRange<Int>, _ situation: ScalingCase) -> Objection? {
        let room = HostOracle(situation: situation)
        guard desired <= max(situation.current, room.most) else {
            return Objection(.room, "goes from \(situation.current) to \(desired), and the host has no room for that")
        }
        guard desired <= most.upperBound else {
            return Objection(.pace, "goes up to \(desired), and \(most.upperBound) is the most that is allowed")
        }
        guard desired >= max(situation.current, min(most.lowerBound, room.least)) else {
            return Objection(.pace, "goes up to \(desired), and nothing keeps it from \(most.lowerBound)")
        }
        return nil
    }

    /// How far the policies let it go, where it may be that some changes do not count.
    private func limits(
        _ direction: AutoscaleSpec.Direction, _ current: Int, _ now: Instant, isUp: Bool
    ) -> ClosedRange<Int> {
        let all = [true, false].map { limit(direction, current, now, isUp: isUp, countsAll: $0) }
        return min(all[0], all[1])...max(all[0], all[1])
    }

    private func limit(
        _ direction: AutoscaleSpec.Direction, _ current: Int, _ now: Instant, isUp: Bool, countsAll: Bool
    ) -> Int {
        let limits = direction.policies.map { policy -> Int in
            let recent = changes.filter { $0.time.advanced(by: policy.period) > now && ($0.isSure || countsAll) }
            let start = recent.reduce(current) { $0 - ($1.to - $1.from) }
            switch policy.amount {
            case .replicas(let number): return isUp ? start + number : start - number
            case .percent(let percent):
                let part = Double(start) * (isUp ? 1 + Double(percent) / 100 : 1 - Double(percent) / 100)
                return Int((isUp ? part.rounded(.up) : part.rounded(.towardZero)))
            }
        }
        let limit: Int
        switch direction.select {
        case .disabled: return current
        case .maximum: limit = (isUp ? limits.max() : limits.min()) ?? current
        case .minimum: limit = (isUp ? limits.min() : limits.max()) ?? current
        }
        // Nothing grows out of nothing, and yet it has to come back.
        return isUp && current == 0 ? max(1, limit) : limit
    }
}
