public import StackModel

/// What keeps the number of replicas from following every recommendation at once: the stabilization windows and the
/// policies of Kubernetes' autoscaling/v2 (pkg/controller/podautoscaler/horizontal.go, as of 1.33).
public struct ScalingBehavior: Sendable {
    struct Recommendation: Hashable, Sendable {
        var replicas: Int
        var time: Instant
    }

    struct Change: Hashable, Sendable {
        /// Negative: fewer.
        var replicas: Int
        var time: Instant
    }

    /// What was recommended, the oldest first; of several in a row that are the same, the latest.
    private(set) var recommendations: [Recommendation] = []
    /// How the number has changed, the oldest first.
    private(set) var changes: [Change] = []

    /// Longer windows than an hour forget what is older than so many different recommendations.
    private static let capacity = 4096

    init(recommendations: [Recommendation] = [], changes: [Change] = []) {
        self.recommendations = recommendations
        self.changes = changes
    }

    public init() {}

    public var isEmpty: Bool { recommendations.isEmpty }

    /// The number as it was found.
    public mutating func begin(with replicas: Int, at now: Instant) {
        recommendations = [Recommendation(replicas: replicas, time: now)]
    }
}

// MARK: - Stabilization

extension ScalingBehavior {
    /// What becomes of a recommendation by those before it: up goes no more than the least of its window asks for, down no
    /// more than the most of its own. `since`: when the one that counts instead was given.
    public mutating func stabilize(
        _ recommended: Int, current: Int, _ spec: AutoscaleSpec, at now: Instant
    ) -> (replicas: Int, since: Instant?) {
        let upwards = now.advanced(by: .zero - spec.scaleUp.stabilizationWindow)
        let downwards = now.advanced(by: .zero - spec.scaleDown.stabilizationWindow)
        // The latest first: of those that are equal, it counts for longest.
        let least = recommendations.reversed().filter { $0.time > upwards }.min { $0.replicas < $1.replicas }
        let most = recommendations.reversed().filter { $0.time > downwards }.max { $0.replicas < $1.replicas }
        let floor = min(least?.replicas ?? recommended, recommended)
        let ceiling = max(most?.replicas ?? recommended, recommended)
        keep(Recommendation(replicas: recommended, time: now), from: min(upwards, downwards))
        let replicas = min(max(current, floor), ceiling)
        guard replicas != recommended else { return (replicas, nil) }
        return (replicas, (recommended > replicas ? least : most)?.time)
    }

    private mutating func keep(_ latest: Recommendation, from oldest: Instant) {
        recommendations.removeAll { $0.time < oldest }
        if recommendations.last?.replicas == latest.replicas { recommendations.removeLast() }
        recommendations.append(latest)
        if recommendations.count > Self.capacity { recommendations.removeFirst() }
    }
}

// MARK: - Policies

extension ScalingBehavior {
    /// The number that the policies and bounds allow of the wanted one, and which of them stands in the way.
    public func limit(
        _ wanted: Int, current: Int, within bounds: ClosedRange<Int>, _ spec: AutoscaleSpec, at now: Instant
    ) -> (replicas: Int, by: ScalingLimit?) {
        if wanted > current {
            let allowed = most(from: current, spec.scaleUp, at: now)
            guard wanted > min(allowed, bounds.upperBound) else { return (wanted, nil) }
            return bounds.upperBound <= allowed
                ? (bounds.upperBound, .maximum(bounds.upperBound)) : (allowed, spec.scaleUp.limit(.up))
        }
        if wanted < current {
            let allowed = min(current, least(from: current, spec.scaleDown, at: now))
            guard wanted < max(allowed, bounds.lowerBound) else { return (wanted, nil) }
            return bounds.lowerBound >= allowed
                ? (bounds.lowerBound, .minimum(bounds.lowerBound)) : (allowed, spec.scaleDown.limit(.down))
        }
        return (wanted, nil)
    }

    private func most(from current: Int, _ direction: AutoscaleSpec.Direction, at now: Instant) -> Int {
        let proposals = direction.policies.map { policy in
            let start = beginning(of: policy.period, current: current, at: now)
            return switch policy.amount {
            case .replicas(let count): start.saturatingSum(count)
            // Rounded up, or few would never become more.
            case .percent(let percent): Fraction(start, of: 100).ceiling(of: 100.saturatingSum(percent))
            }
        }
        // Nothing grows out of nothing, and yet what is down to none has to come back.
        let floor = current == 0 ? 1 : current
        return switch direction.select {
        case .disabled: current
        case .maximum: max(floor, proposals.max() ?? current)
        case .minimum: max(floor, proposals.min() ?? current)
        }
    }

    private func least(from current: Int, _ direction: AutoscaleSpec.Direction, at now: Instant) -> Int {
        let proposals = direction.policies.map { policy in
            let start = beginning(of: policy.period, current: current, at: now)
            return switch policy.amount {
            case .replicas(let count): start.saturatingSum(-count)
            case .percent(let percent): Fraction(start, of: 100).floor(of: max(0, 100 - percent))
            }
        }
        return switch direction.select {
        case .disabled: current
        case .maximum: proposals.min() ?? current
        case .minimum: proposals.max() ?? current
        }
    }

    /// How many there were when the period began.
    private func beginning(of period: Duration, current: Int, at now: Instant) -> Int {
        current - change(within: period, at: now)
    }

    func change(within period: Duration, at now: Instant) -> Int {
        let start = now.advanced(by: .zero - period)
        return changes.reduce(0) { $1.time > start ? $0 + $1.replicas : $0 }
    }

    /// The number has changed.
    public mutating func note(from before: Int, to after: Int, _ spec: AutoscaleSpec, at now: Instant) {
        let longest = (spec.scaleUp.policies + spec.scaleDown.policies).map(\.period).max() ?? .zero
        let oldest = now.advanced(by: .zero - longest)
        changes.removeAll { $0.time < oldest }
        changes.append(Change(replicas: after - before, time: now))
        if changes.count > Self.capacity { changes.removeFirst() }
    }
}

extension AutoscaleSpec.Direction {
    fileprivate func limit(_ direction: ScalingLimit.Direction) -> ScalingLimit {
        select == .disabled ? .disabled(direction) : .policy(direction)
    }
}
