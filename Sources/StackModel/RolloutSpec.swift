/// How a service's instances are replaced by those of another revision.
public struct RolloutSpec: Hashable, Sendable {
    /// How fast replicas are replaced, in the words of Kubernetes' Deployment.
    public struct Pace: Hashable, Sendable {
        /// How many more instances than wanted there may be; a share is rounded up.
        public var maxSurge: Quota
        /// How many fewer than wanted may be ready; a share is rounded down. Where both come to 0, this is 1.
        public var maxUnavailable: Quota
        /// How long an instance must have been ready until it counts as available.
        public var minReady: Duration
        /// How long nothing is replaced after what was replaced before is available (Compose's `delay`).
        public var delay: Duration

        public init(
            maxSurge: Quota, maxUnavailable: Quota, minReady: Duration = .zero, delay: Duration = .zero
        ) {
            self.maxSurge = maxSurge
            self.maxUnavailable = maxUnavailable
            self.minReady = minReady
            self.delay = delay
        }

        /// The new one is ready before the old one goes.
        public static let startFirst = Pace(maxSurge: .count(1), maxUnavailable: .count(0))
        /// The old one is gone before the new one starts.
        public static let stopFirst = Pace(maxSurge: .count(0), maxUnavailable: .count(1))
    }

    /// What becomes of a rollout that has failed.
    public enum FailureAction: String, Hashable, Sendable, CaseIterable {
        /// The last revision that was good comes back.
        case rollback
        /// All stays as it is, until somebody resumes it, undoes it, or changes something.
        case pause
        /// It goes on nevertheless.
        case `continue`
    }

    /// One step of a canary. The steps are taken one after the other; after the last, all replicas are replaced.
    public enum Step: Hashable, Sendable {
        /// So many replicas are to be new and available.
        case replicas(Quota)
        /// Nothing happens for so long; nil: until somebody promotes it.
        case pause(Duration?)
        /// Nothing happens until the measurements say that it may go on, or must not.
        case analysis(AnalysisSpec)
    }

    public var pace: Pace
    /// That of going back; nil is the same.
    public var rollbackPace: Pace?
    /// How long a rollout may make no progress until it has failed.
    public var progressDeadline: Duration
    public var onFailure: FailureAction
    /// How many of a thousand wanted replicas may fail once before they are available (Compose's `max_failure_ratio`).
    public var failureTolerance: Int
    public var steps: [Step]

    public init(
        pace: Pace = .startFirst, rollbackPace: Pace? = nil, progressDeadline: Duration = .seconds(600),
        onFailure: FailureAction = .rollback, failureTolerance: Int = 0, steps: [Step] = []
    ) {
        self.pace = pace
        self.rollbackPace = rollbackPace
        self.progressDeadline = progressDeadline
        self.onFailure = onFailure
        self.failureTolerance = failureTolerance
        self.steps = steps
    }
}

/// A number of replicas, or a share of those that are wanted.
public enum Quota: Hashable, Sendable {
    case count(Int)
    /// 0 to 100.
    case percent(Int)

    public func roundedUp(of wanted: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let percent): (wanted * percent + 99) / 100
        }
    }

    public func roundedDown(of wanted: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let percent): wanted * percent / 100
        }
    }
}

/// What is measured of the new replicas, and what must hold, in the words and with the meaning of Argo Rollouts.
public struct AnalysisSpec: Hashable, Sendable {
    /// From one measurement to the next, and before the first.
    public var interval: Duration
    /// How many measurements of each metric there are.
    public var count: Int
    /// How many of a metric's measurements may fail; one more, and the analysis has failed.
    public var failureLimit: Int
    /// How many may fit neither condition; one more, and the rollout pauses for somebody to decide.
    public var inconclusiveLimit: Int
    /// How many measurements in a row may be errors, such as a server that does not answer; one more, and the analysis has failed.
    public var consecutiveErrorLimit: Int
    public var metrics: [AnalysisMetric]

    public init(
        interval: Duration = .seconds(10), count: Int = 1, failureLimit: Int = 0, inconclusiveLimit: Int = 0,
        consecutiveErrorLimit: Int = 4, metrics: [AnalysisMetric]
    ) {
        self.interval = interval
        self.count = count
        self.failureLimit = failureLimit
        self.inconclusiveLimit = inconclusiveLimit
        self.consecutiveErrorLimit = consecutiveErrorLimit
        self.metrics = metrics
    }
}

/// One metric of an analysis, with the conditions that judge its value.
public struct AnalysisMetric: Hashable, Sendable {
    public enum Source: Hashable, Sendable {
        /// Restarts of the new replicas that nobody asked for, since the rollout began.
        case restarts
        /// The share (0 to 1) of their probes' runs that failed, since the measurement before.
        case probeFailures
        /// A query to a Prometheus server, whose first value counts: `http://127.0.0.1:9090`, PromQL.
        case prometheus(address: String, query: String)
        /// A statistic of the service's route, over the new replicas alone.
        case route(name: String, RouteStatistic)
    }

    public enum RouteStatistic: String, Hashable, Sendable, CaseIterable {
        /// Requests since the measurement before.
        case requests
        /// The share (0 to 1) of those that were answered 5xx, or not at all.
        case errorRate = "error_rate"
        /// The mean time until an answer of the latest 1,024 requests, in seconds.
        case latency
        /// Requests that wait in the queue now.
        case queue
    }

    public struct Condition: Hashable, Sendable {
        public enum Comparison: String, Hashable, Sendable, CaseIterable {
            case less = "<"
            case lessOrEqual = "<="
            case greater = ">"
            case greaterOrEqual = ">="
            case equal = "=="
            case notEqual = "!="
        }

        public var comparison: Comparison
        public var threshold: Double

        public init(_ comparison: Comparison, _ threshold: Double) {
            self.comparison = comparison
            self.threshold = threshold
        }

        public func holds(of value: Double) -> Bool {
            switch comparison {
            case .less: value < threshold
            case .lessOrEqual: value <= threshold
            case .greater: value > threshold
            case .greaterOrEqual: value >= threshold
            case .equal: value == threshold
            case .notEqual: value != threshold
            }
        }
    }

    /// What people call it.
    public var name: String
    public var source: Source
    /// A value of which this holds is good. At least one of the two conditions is there.
    public var success: Condition?
    /// A value of which this holds is bad; with `success` too, what fits neither is inconclusive.
    public var failure: Condition?

    public init(name: String, source: Source, success: Condition? = nil, failure: Condition? = nil) {
        self.name = name
        self.source = source
        self.success = success
        self.failure = failure
    }
}
