public import StackModel

/// Decides how many replicas a service has under its load: Kubernetes' horizontal pod autoscaler (autoscaling/v2), and
/// what one host needs beyond it. It remembers what its next decision depends on.
public struct Autoscaler: Sendable {
    private var behavior = ScalingBehavior()
    /// Since when nobody has been connected, and no metric has asked for more than one replica.
    private var idleSince: Instant?

    public init() {}

    /// What a decision is made from.
    public struct Situation: Sendable {
        public var spec: ServiceSpec
        /// The wanted ones, by their indices.
        public var slots: [LoadSlot]
        /// What was found out about `autoscale.metrics` of the spec.
        public var report: LoadReport
        /// What the limits of all other services' replicas add up to.
        public var committed: CommittedLimits

        public init(
            _ spec: ServiceSpec, slots: [LoadSlot], report: LoadReport, committed: CommittedLimits = CommittedLimits()
        ) {
            self.spec = spec
            self.slots = slots
            self.report = report
            self.committed = committed
        }
    }

    /// Nil where it does not decide: the service has no `autoscale`, or somebody has scaled it down to none though it may
    /// not have fewer than some.
    public mutating func decide(_ situation: Situation, at now: Instant) -> ScalingDecision? {
        let current = situation.slots.count
        guard let spec = situation.spec.autoscale, current > 0 || spec.minimum == 0 else { return nil }
        if behavior.isEmpty { behavior.begin(with: current, at: now) }
        var decision = ScalingDecision(time: now, current: current, desired: current)
        if current > spec.maximum {
            decision.desired = spec.maximum
            decision.limits = [.maximum(spec.maximum)]
        } else if current < spec.minimum {
            decision.desired = spec.minimum
            decision.limits = [.minimum(spec.minimum)]
        } else {
            follow(&decision, spec, situation, at: now)
        }
        if decision.desired != current { behavior.note(from: current, to: decision.desired, spec, at: now) }
        if decision.desired < current {
            let removed = situation.leastLoaded(current - decision.desired, by: decision.decidingMetric)
            decision.removed = removed.map { ReplicaID(service: situation.spec.name, index: $0) }
        }
        return decision
    }

    /// Somebody wants to be served while there is no replica.
    public mutating func wake(_ spec: AutoscaleSpec, at now: Instant) -> ScalingDecision {
        idleSince = nil
        behavior.note(from: 0, to: 1, spec, at: now)
        return ScalingDecision(time: now, current: 0, desired: 1)
    }

    /// Follows the metrics as far as it may.
    private mutating func follow(
        _ decision: inout ScalingDecision, _ spec: AutoscaleSpec, _ situation: Situation, at now: Instant
    ) {
        let current = decision.current
        decision.metrics = situation.verdicts(spec, at: now)
        let proposals = decision.metrics.compactMap(\.proposal)
        guard let recommended = proposals.max() else {
            idleSince = nil
            decision.limits = [.noMetrics]
            return
        }
        decision.recommendation = recommended
        guard recommended >= current || proposals.count == decision.metrics.count else {
            idleSince = nil
            decision.limits = [.missingMetrics]
            return
        }
        // The last one goes only when nobody needs it, whatever the metrics say.
        let least = current > 0 ? max(1, spec.minimum) : spec.minimum
        let wanted = spec.minimum == 0 ? max(recommended, least) : recommended
        let (stabilized, since) = behavior.stabilize(wanted, current: current, spec, at: now)
        decision.stabilized = stabilized
        if stabilized != wanted {
            decision.limits.append(.stabilization(wanted > stabilized ? .up : .down, since: since))
        }
        let (allowed, limit) = behavior.limit(
            stabilized, current: current, within: least...max(least, spec.maximum), spec, at: now)
        decision.desired = allowed
        if let limit { decision.limits.append(limit) }
        if allowed > current { situation.fit(&decision, spec) }
        if spec.minimum == 0, current > 0 { considerNone(&decision, recommended, spec, situation, at: now) }
    }

    /// It goes down to none, from any number, when it has been idle for long enough.
    private mutating func considerNone(
        _ decision: inout ScalingDecision, _ recommended: Int, _ spec: AutoscaleSpec, _ situation: Situation,
        at now: Instant
    ) {
        guard recommended <= 1 else { return idleSince = nil }
        guard situation.isDeserted(decision.metrics) else {
            idleSince = nil
            if recommended == 0 { decision.limits.append(.notIdle(until: nil)) }
            return
        }
        let due = (idleSince ?? now).advanced(by: spec.idleAfter)
        if idleSince == nil { idleSince = now }
        if spec.scaleDown.select == .disabled {
            decision.limits.append(.disabled(.down))
        } else if due > now {
            decision.limits.append(.notIdle(until: due))
        } else {
            idleSince = nil
            decision.desired = 0
            decision.limits = []
        }
    }
}

/// What the limits of replicas add up to; what has no limit counts nothing.
public struct CommittedLimits: Hashable, Sendable {
    public var cpus: Millicores
    public var memory: ByteCount

    public init(cpus: Millicores = Millicores(0), memory: ByteCount = ByteCount(0)) {
        self.cpus = cpus
        self.memory = memory
    }

    mutating func add(_ replicas: Int, of resources: ResourceSpec) {
        cpus.thousandths += replicas * (resources.cpus?.thousandths ?? 0)
        memory.bytes += Int64(replicas) * (resources.memory?.bytes ?? 0)
    }
}

extension ScalingDecision {
    /// The metric that asked for most replicas, the first of those that asked for as many.
    var decidingMetric: Int? {
        guard let most = metrics.compactMap(\.proposal).max() else { return nil }
        return metrics.firstIndex { $0.proposal == most }
    }
}

extension MetricVerdict {
    var proposal: Int? {
        guard case .proposal(let replicas, _, _, _) = outcome else { return nil }
        return replicas
    }
}
