/// When an instance that ended is followed by another, and how soon.
public struct RestartSpec: Hashable, Sendable {
    public enum Mode: Hashable, Sendable {
        case no
        /// Restart after a failure, at most so many times in a row.
        case onFailure(maximumRetries: Int?)
        case always
        /// As `always`, but a service that the operator stopped stays stopped when the daemon starts again.
        case unlessStopped
    }

    public var mode: Mode
    public var backoff: Backoff
    public var budget: Budget?

    public init(mode: Mode = .onFailure(maximumRetries: nil), backoff: Backoff = Backoff(), budget: Budget? = nil) {
        self.mode = mode
        self.backoff = backoff
        self.budget = budget
    }

    /// The delays between restarts: initial·factorⁿ up to a maximum, each drawn with full jitter
    /// (Brooker, "Exponential Backoff And Jitter", 2015).
    public struct Backoff: Hashable, Sendable {
        public var initial: Duration
        /// In thousandths: 2000 doubles.
        public var factorThousandths: Int
        public var maximum: Duration

        public init(
            initial: Duration = .milliseconds(500), factorThousandths: Int = 2000, maximum: Duration = .seconds(60)
        ) {
            self.initial = initial
            self.factorThousandths = factorThousandths
            self.maximum = maximum
        }
    }

    /// More than so many restarts within so long, and the replica has failed (Erlang/OTP's restart intensity).
    public struct Budget: Hashable, Sendable {
        public var restarts: Int
        public var within: Duration

        public init(restarts: Int, within: Duration) {
            self.restarts = restarts
            self.within = within
        }
    }
}

/// How an instance is ended.
public struct StopSpec: Hashable, Sendable {
    /// Run before anything else of a stop, with the service's user and environment; bounded by the grace period.
    public var preStop: [Template]?
    /// How long the replica is out of rotation before it gets the signal.
    public var drain: Duration
    public var signal: Signal
    /// How long after the signal the rest of the instance is killed.
    public var gracePeriod: Duration

    public init(
        preStop: [Template]? = nil, drain: Duration = .zero, signal: Signal = .terminate,
        gracePeriod: Duration = .seconds(10)
    ) {
        self.preStop = preStop
        self.drain = drain
        self.signal = signal
        self.gracePeriod = gracePeriod
    }
}
