/// Where the rollout of a service stands: the one under way, or the one that has failed and stands still.
public struct RolloutDocument: Hashable, Codable, Sendable {
    public enum Phase: String, Hashable, Codable, Sendable, CaseIterable {
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

    /// One value that an analysis has judged.
    public struct Measurement: Hashable, Codable, Sendable {
        public enum Verdict: String, Hashable, Codable, Sendable, CaseIterable {
            case successful, failed, inconclusive, error
        }

        public var time: Timestamp
        /// As the stack file calls it.
        public var metric: String
        /// Nil where nothing was measured.
        public var value: Double?
        /// What was seen instead of a value.
        public var error: String?
        public var verdict: Verdict

        public init(time: Timestamp, metric: String, value: Double?, error: String? = nil, verdict: Verdict) {
            self.time = time
            self.metric = metric
            self.value = value
            self.error = error
            self.verdict = verdict
        }
    }

    /// That of the revision that comes, as the history counts.
    public var number: Int
    public var revision: String
    public var cause: RevisionDocument.Cause
    /// The cause in words.
    public var detail: String
    public var phase: Phase
    /// It is paused until somebody resumes it: it was paused by hand, or an analysis could not judge.
    public var held: Bool
    /// When it began.
    public var since: Timestamp
    /// When its phase ends by itself: a pause with a length, or the progress deadline.
    public var until: Timestamp?
    /// How many of its steps are behind it.
    public var step: Int
    public var steps: Int
    public var wanted: Int
    /// How many replicas run the new revision.
    public var updated: Int
    /// How many of those are ready, and have been for long enough.
    public var available: Int
    /// How many of the new replicas have failed before they were available.
    public var failures: Int
    /// It goes back because another has failed.
    public var rollback: Bool
    /// The latest event about it, in one sentence.
    public var reason: String
    /// What its analyses have measured, the newest last; a few.
    public var measurements: [Measurement]

    public init(
        number: Int, revision: String, cause: RevisionDocument.Cause, detail: String, phase: Phase, held: Bool = false,
        since: Timestamp, until: Timestamp? = nil, step: Int = 0, steps: Int = 0, wanted: Int, updated: Int,
        available: Int,
        failures: Int = 0, rollback: Bool = false, reason: String, measurements: [Measurement] = []
    ) {
        self.number = number
        self.revision = revision
        self.cause = cause
        self.detail = detail
        self.phase = phase
        self.held = held
        self.since = since
        self.until = until
        self.step = step
        self.steps = steps
        self.wanted = wanted
        self.updated = updated
        self.available = available
        self.failures = failures
        self.rollback = rollback
        self.reason = reason
        self.measurements = measurements
    }
}

/// `GET /v1/services/{name}/rollout`: the rollout under way, and those before it.
public struct RolloutStatusDocument: Hashable, Codable, Sendable {
    public var service: String
    /// Nil where none is under way and none has failed.
    public var rollout: RolloutDocument?
    /// The newest first; the one that counts is the first.
    public var history: [RevisionDocument]

    public init(service: String, rollout: RolloutDocument?, history: [RevisionDocument]) {
        self.service = service
        self.rollout = rollout
        self.history = history
    }
}

extension RolloutDocument.Phase: JSONValue {}
extension RolloutDocument.Measurement.Verdict: JSONValue {}

extension RolloutDocument: WireDocument {
    public static let summary = "Where the rollout of a service stands."
    public static let properties: [WireProperty<RolloutDocument>] = [
        .init("available", \.available, "How many of the updated replicas are ready, and have been for long enough."),
        .init("cause", \.cause, "Why there is a rollout; the words are those of a revision."),
        .init("detail", \.detail, "The cause in words."),
        .init("failures", \.failures, "How many of the new replicas have failed before they were available."),
        .init(
            "held", \.held,
            "It is paused until somebody resumes it: it was paused by hand, or an analysis could not judge."),
        .init("measurements", \.measurements, "What its analyses have measured, the newest last; a few."),
        .init("number", \.number, "The number, in the history, of the revision that comes."),
        .init(
            "phase", \.phase,
            """
            waiting: for its listeners, or for the rollout of something that the service depends on; progressing; \
            paused: by one of its steps, or by somebody; analysing: measurements say whether it goes on; failed: what \
            becomes of it is for somebody to say.
            """),
        .init("reason", \.reason, "The latest event about it, in one sentence."),
        .init("revision", \.revision, "The revision that comes."),
        .init("rollback", \.rollback, "It goes back because another has failed."),
        .init("since", \.since, "When it began."),
        .init("step", \.step, "How many of its steps are behind it."),
        .init("steps", \.steps, "How many steps it has."),
        .optional("until", \.until, "When its phase ends by itself: a pause with a length, or the progress deadline."),
        .init("updated", \.updated, "How many replicas run the new revision."),
        .init("wanted", \.wanted, "How many replicas there should be."),
    ]
}

extension RolloutDocument.Measurement: WireDocument {
    public static let summary = "One value that an analysis has judged."
    public static let properties: [WireProperty<RolloutDocument.Measurement>] = [
        .optional("error", \.error, "What was seen instead of a value."),
        .init("metric", \.metric, "As the stack file calls it."),
        .init("time", \.time, "When it was measured."),
        .optional("value", \.value, "Not there where nothing was measured."),
        .init(
            "verdict", \.verdict,
            "successful; failed; inconclusive: it fits neither condition, or there was no value; error."),
    ]
}

extension RolloutStatusDocument: WireDocument {
    public static let summary = "The rollout of a service, and its revisions so far."
    public static let properties: [WireProperty<RolloutStatusDocument>] = [
        .init("history", \.history, "The newest first; the one that counts is the first."),
        .optional("rollout", \.rollout, "Not there where none is under way and none has failed."),
        .init("service", \.service, "The service."),
    ]
}
