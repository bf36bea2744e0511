public import StackModel

/// How many replicas somebody wants, where that counts instead of the file's number.
public struct Scale: Hashable, Sendable {
    public enum Rule: String, Hashable, Sendable, CaseIterable {
        case manual, autoscaler
    }

    public var replicas: Int
    public var rule: Rule

    public init(_ replicas: Int, by rule: Rule) {
        self.replicas = replicas
        self.rule = rule
    }
}

/// How many replicas a service has, and who says so.
public struct ScalingSnapshot: Hashable, Sendable {
    /// Nil: the file.
    public var rule: Scale.Rule?
    /// What its autoscaler goes by, where it has one.
    public var policy: AutoscaleSpec?
    /// Whether its autoscaler, which it has then, decides: not while somebody has scaled it to none, nor while it is
    /// down.
    public var isActive: Bool
    /// It is down to none, and the next connection brings it back.
    public var awaitsConnection: Bool
    /// The newest first; where one decision followed another without a difference, the last of them.
    public var decisions: [ScalingDecision]

    public init(
        rule: Scale.Rule?, policy: AutoscaleSpec? = nil, isActive: Bool = false, awaitsConnection: Bool = false,
        decisions: [ScalingDecision] = []
    ) {
        self.rule = rule
        self.policy = policy
        self.isActive = isActive
        self.awaitsConnection = awaitsConnection
        self.decisions = decisions
    }
}

/// One decision of the autoscaler with everything that it was made from.
public struct ScalingDecision: Hashable, Sendable {
    public var time: Instant
    /// How many replicas there were to be before, and are to be since.
    public var current: Int
    public var desired: Int
    public var metrics: [MetricVerdict]
    /// What the metrics ask for; nil where they say nothing that could be acted upon.
    public var recommendation: Int?
    /// What becomes of that by the stabilization windows.
    public var stabilized: Int?
    /// What kept the number from following the recommendation, in the order in which it did.
    public var limits: [ScalingLimit]
    /// The replicas that go, the least loaded first.
    public var removed: [ReplicaID]

    public init(
        time: Instant, current: Int, desired: Int, metrics: [MetricVerdict] = [], recommendation: Int? = nil,
        stabilized: Int? = nil, limits: [ScalingLimit] = [], removed: [ReplicaID] = []
    ) {
        self.time = time
        self.current = current
        self.desired = desired
        self.metrics = metrics
        self.recommendation = recommendation
        self.stabilized = stabilized
        self.limits = limits
        self.removed = removed
    }
}

/// What one metric has said.
public struct MetricVerdict: Hashable, Sendable {
    /// Of replicas: which of them counted (Kubernetes' groups of pods).
    public struct Groups: Hashable, Sendable {
        public var ready: Int
        /// They do not run yet, or what was measured of them says nothing yet.
        public var unready: Int
        /// Nothing was measured of them.
        public var missing: Int
        /// They have failed, or go.
        public var ignored: Int

        public init(ready: Int = 0, unready: Int = 0, missing: Int = 0, ignored: Int = 0) {
            self.ready = ready
            self.unready = unready
            self.missing = missing
            self.ignored = ignored
        }
    }

    public enum Outcome: Hashable, Sendable {
        /// The measured value, in the metric's unit: on average of a replica or of the whole, as its target is; per cent of
        /// the request for a utilization. `ratio`: of the value to its target, in thousandths, with what lacks filled in.
        case proposal(replicas: Int, value: Int, ratio: Int, Groups)
        case failed(String)
    }

    public var metric: LoadMetric
    public var outcome: Outcome

    public init(metric: LoadMetric, outcome: Outcome) {
        self.metric = metric
        self.outcome = outcome
    }
}

/// What keeps the autoscaler from doing what the metrics recommend.
public enum ScalingLimit: Hashable, Sendable {
    public enum Direction: String, Hashable, Sendable {
        case up, down
    }

    /// A more cautious recommendation of the window counts still.
    case stabilization(Direction, since: Instant?)
    /// No policy allows more in its period.
    case policy(Direction)
    case disabled(Direction)
    case minimum(Int)
    case maximum(Int)
    /// Some metrics are missing, and the others alone are no reason to have fewer replicas.
    case missingMetrics
    /// No metric tells anything.
    case noMetrics
    /// The host's pressure, and what it may be, in thousandths.
    case pressure(Resource, Int, limit: Int)
    /// Another replica takes about so much memory, and the host has so much.
    case memory(needed: ByteCount, available: ByteCount)
    /// The limits of all replicas would add up to more than the host may promise: bytes, or thousandths of a processor.
    case overcommit(Resource, committed: Int, capacity: Int)
    /// Somebody may still be connected: it goes down to none only after a time without.
    case notIdle(until: Instant?)

    public enum Resource: String, Hashable, Sendable {
        case cpu, memory, io
    }
}
