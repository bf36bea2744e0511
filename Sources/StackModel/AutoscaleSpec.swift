/// How many replicas a service has under which load: Kubernetes' HorizontalPodAutoscaler (autoscaling/v2), and what one
/// host needs beyond it.
public struct AutoscaleSpec: Hashable, Sendable {
    /// 0: it may go down to none, and comes back with the first connection.
    public var minimum: Int
    public var maximum: Int
    /// At least one. The one that asks for most replicas wins.
    public var metrics: [LoadMetric]
    /// How often the load is sampled, and decided upon.
    public var interval: Duration
    public var scaleUp: Direction
    public var scaleDown: Direction
    /// What is sampled of a replica's processor within so long of its start counts only if it was ready all the while.
    public var processorInitializationPeriod: Duration
    /// One that has lost its readiness within so long of its start has never been ready.
    public var initialReadinessDelay: Duration
    /// With `minimum` 0: how long nobody has been connected until the last replica goes.
    public var idleAfter: Duration
    public var pressure: PressureLimits
    public var overcommit: Overcommit

    public init(
        minimum: Int = 1, maximum: Int, metrics: [LoadMetric], interval: Duration = .seconds(5),
        scaleUp: Direction = .up, scaleDown: Direction = .down,
        processorInitializationPeriod: Duration = .seconds(300), initialReadinessDelay: Duration = .seconds(30),
        idleAfter: Duration = .seconds(300), pressure: PressureLimits = PressureLimits(),
        overcommit: Overcommit = Overcommit()
    ) {
        self.minimum = minimum
        self.maximum = maximum
        self.metrics = metrics
        self.interval = interval
        self.scaleUp = scaleUp
        self.scaleDown = scaleDown
        self.processorInitializationPeriod = processorInitializationPeriod
        self.initialReadinessDelay = initialReadinessDelay
        self.idleAfter = idleAfter
        self.pressure = pressure
        self.overcommit = overcommit
    }

    /// How fast the number may change in one direction (Kubernetes' HPAScalingRules).
    public struct Direction: Hashable, Sendable {
        /// The most cautious recommendation of so long counts.
        public var stabilizationWindow: Duration
        public var select: PolicyChoice
        public var policies: [Policy]
        /// In thousandths: so far may the load be from its target without a change.
        public var tolerance: Int

        public init(
            stabilizationWindow: Duration, select: PolicyChoice = .maximum, policies: [Policy], tolerance: Int = 100
        ) {
            self.stabilizationWindow = stabilizationWindow
            self.select = select
            self.policies = policies
            self.tolerance = tolerance
        }

        /// Kubernetes' standard: four replicas, or as many as there are, in 15 s.
        public static let up = Direction(
            stabilizationWindow: .zero,
            policies: [
                Policy(.replicas(4), period: .seconds(15)), Policy(.percent(100), period: .seconds(15)),
            ])
        /// Kubernetes' standard: nothing that was recommended within five minutes is undercut.
        public static let down = Direction(
            stabilizationWindow: .seconds(300), policies: [Policy(.percent(100), period: .seconds(15))])
    }

    public enum PolicyChoice: String, Hashable, Sendable, CaseIterable {
        /// The policy that allows the greatest change.
        case maximum = "max"
        /// The one that allows the smallest.
        case minimum = "min"
        /// No change in this direction.
        case disabled
    }

    /// So great a change may come about in a period.
    public struct Policy: Hashable, Sendable {
        public enum Amount: Hashable, Sendable {
            case replicas(Int)
            /// Of those that there were when the period began.
            case percent(Int)
        }

        public var amount: Amount
        /// At most half an hour, as in Kubernetes.
        public var period: Duration

        public init(_ amount: Amount, period: Duration) {
            self.amount = amount
            self.period = period
        }
    }

    /// Above this pressure (PSI, the average of 10 s, in thousandths) the host has no room for more replicas; nil does
    /// not look.
    public struct PressureLimits: Hashable, Sendable {
        /// `some` of each.
        public var cpu: Int?
        public var memory: Int?
        public var io: Int?

        public init(cpu: Int? = 900, memory: Int? = 200, io: Int? = 600) {
            self.cpu = cpu
            self.memory = memory
            self.io = io
        }
    }

    /// What the limits of all services' replicas may add up to, in thousandths of what the host has.
    public struct Overcommit: Hashable, Sendable {
        public var cpus: Int
        public var memory: Int

        public init(cpus: Int = 1000, memory: Int = 1000) {
            self.cpus = cpus
            self.memory = memory
        }
    }
}

/// One thing that tells the load, and how much of it is right.
public struct LoadMetric: Hashable, Sendable {
    /// What people call it: `cpu`, `accept_queue`, the name of a metric.
    public var name: String
    public var source: Source
    public var target: Target

    public init(name: String, source: Source, target: Target) {
        self.name = name
        self.source = source
        self.target = target
    }

    public enum Source: Hashable, Sendable {
        /// In thousandths of a processor.
        case cpu
        /// In bytes.
        case memory
        /// Connections that wait to be accepted on the service's listeners, or in front of its ports.
        case acceptQueue
        /// Those that were accepted and are open.
        case connections
        /// A metric of the service's own, of each replica.
        case prometheus(PrometheusMetric)
        /// A statistic of one of its routes, of all replicas together.
        case route(name: String, AnalysisMetric.RouteStatistic)
        /// The number that a command prints, for the service as a whole. It names nothing of a single replica.
        case command([Template], timeout: Duration)
    }

    /// Values are in thousandths of their unit, as Kubernetes' milli-units, but for bytes, which are whole.
    public enum Target: Hashable, Sendable {
        /// Of what `resources` gives a replica, in per cent, on average.
        case utilization(percent: Int)
        /// Of a replica, on average.
        case average(Int)
        /// Of the service as a whole, however many replicas it has.
        case value(Int)
    }
}

/// Where each replica tells a metric, in Prometheus' text format.
public struct PrometheusMetric: Hashable, Sendable {
    public enum Reading: Hashable, Sendable {
        /// A gauge as it is; a counter, as its type says it, as an increase a second.
        case automatic
        case gauge
        case rate
        /// Of a histogram, in thousandths: that of what was observed between two samples.
        case quantile(Int)
    }

    public var metric: String
    /// Only series that have these labels count; all that do are added up.
    public var labels: [Label]
    public var reading: Reading
    /// One of the service's ports.
    public var port: String
    public var path: String
    public var timeout: Duration

    public init(
        metric: String, labels: [Label] = [], reading: Reading = .automatic, port: String, path: String = "/metrics",
        timeout: Duration = .seconds(1)
    ) {
        self.metric = metric
        self.labels = labels
        self.reading = reading
        self.port = port
        self.path = path
        self.timeout = timeout
    }

    public struct Label: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }
}
