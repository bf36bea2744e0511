public import StackModel

/// Why a service's replicas are made from a revision.
public enum RolloutCause: Hashable, Sendable {
    /// It is the service's first.
    case started
    case restartRequested
    /// So many files have changed that are watched for the service.
    case filesChanged(Int)
    /// Its spec, or its executable, is another in an applied stack file.
    case changed
    /// A service that it depends on, with `restart: true`, was replaced.
    case dependencyReplaced(ServiceName)
    /// Somebody asked for what a former revision was.
    case undone(to: Int)
    /// The rollout of that revision failed.
    case rolledBack(from: Int)
}

/// One of a service's revisions in the order in which they came; what has come back has a new number.
public struct RevisionRecord: Hashable, Sendable {
    public enum Outcome: Hashable, Sendable {
        case underWay
        /// All of its replicas were available: it can be gone back to.
        case good
        case failed(String)
        /// Another took over before it was done.
        case superseded
    }

    /// From 1, one more with each.
    public var number: Int
    public var revision: Revision
    public var executable: ExecutableFile?
    public var cause: RolloutCause
    public var began: Instant
    public var ended: Instant?
    public var outcome: Outcome

    public init(
        number: Int, revision: Revision, executable: ExecutableFile? = nil, cause: RolloutCause, began: Instant,
        ended: Instant? = nil, outcome: Outcome = .underWay
    ) {
        self.number = number
        self.revision = revision
        self.executable = executable
        self.cause = cause
        self.began = began
        self.ended = ended
        self.outcome = outcome
    }
}

/// Where a rollout stands.
public struct RolloutSnapshot: Hashable, Sendable {
    public enum Phase: String, Hashable, Sendable, CaseIterable {
        /// It waits for its listeners, or for the rollout of something that the service depends on.
        case waiting
        /// Replicas are being replaced.
        case progressing
        /// It stands at a pause of its steps, or somebody has paused it.
        case paused
        /// Measurements are to say whether it goes on.
        case analysing
        /// It has failed, and what becomes of it is for somebody to say.
        case failed
    }

    /// That of the revision that comes.
    public var number: Int
    public var revision: Revision
    public var cause: RolloutCause
    public var phase: Phase
    /// Somebody has paused it, or is to judge what an analysis could not: it goes on once it is resumed.
    public var isHeld: Bool
    public var began: Instant
    /// When its phase ends by itself: a pause with a length, or the progress deadline.
    public var until: Instant?
    /// How many of its steps are behind it, and how many it has.
    public var step: Int
    public var steps: Int
    public var wanted: Int
    /// How many replicas run the new revision, and of those how many are available.
    public var updated: Int
    public var available: Int
    /// How many of the new replicas have failed before they were available.
    public var failures: Int
    /// It goes back because another has failed.
    public var isRollback: Bool
    /// The latest event about it, in words.
    public var reason: String
    /// What its analyses have measured, the newest last; a few.
    public var measurements: [MeasurementRecord]

    public init(
        number: Int, revision: Revision, cause: RolloutCause, phase: Phase, isHeld: Bool = false, began: Instant,
        until: Instant? = nil, step: Int = 0, steps: Int = 0, wanted: Int, updated: Int, available: Int,
        failures: Int = 0,
        isRollback: Bool = false, reason: String, measurements: [MeasurementRecord] = []
    ) {
        self.number = number
        self.revision = revision
        self.cause = cause
        self.phase = phase
        self.isHeld = isHeld
        self.began = began
        self.until = until
        self.step = step
        self.steps = steps
        self.wanted = wanted
        self.updated = updated
        self.available = available
        self.failures = failures
        self.isRollback = isRollback
        self.reason = reason
        self.measurements = measurements
    }
}

/// One value that an analysis has judged.
public struct MeasurementRecord: Hashable, Sendable {
    public enum Verdict: String, Hashable, Sendable, CaseIterable {
        case successful, failed, inconclusive, error
    }

    public var time: Instant
    public var metric: String
    /// With what was seen instead of a value where there was none.
    public var value: Measurement.Value
    public var verdict: Verdict

    public init(time: Instant, metric: String, value: Measurement.Value, verdict: Verdict) {
        self.time = time
        self.metric = metric
        self.value = value
        self.verdict = verdict
    }
}

/// What is asked of the world for an analysis: one value for each metric, in their order.
public struct Measurement: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
        case number(Double)
        /// Nothing was measured, such as a rate without a request. It is an error only to who needs one.
        case none
        case failed(String)
    }

    public var service: ServiceName
    /// Greater than that of any before, so that a late answer is recognised.
    public var run: UInt64
    public var metrics: [AnalysisMetric]
    /// The instances of the new revision.
    public var instances: [InstanceID]

    public init(service: ServiceName, run: UInt64, metrics: [AnalysisMetric], instances: [InstanceID]) {
        self.service = service
        self.run = run
        self.metrics = metrics
        self.instances = instances
    }
}

/// What can be asked of a rollout that is under way, or of a service's history.
public enum RolloutAction: Hashable, Sendable {
    case pause
    /// Go on after a pause that somebody asked for, or after a failure.
    case resume
    /// Go on to the next step now; `fully`: leave out all the steps that are left.
    case promote(fully: Bool)
    /// Go back: to the revision of that number, or to the latest good one but the present.
    case undo(to: Int?)
}
