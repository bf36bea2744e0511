public import StackModel

/// One run of a scheduled service: from when it was due to how it ended.
public struct JobRun: Hashable, Sendable {
    public enum Origin: String, Hashable, Sendable {
        case schedule
        /// `run_on_start`.
        case stackStart
        /// Somebody asked for it.
        case request
    }

    public enum Outcome: Hashable, Sendable {
        case succeeded
        case failed(String)
        /// A stop was asked for, or a newer run took its place.
        case stopped
        /// It never began: the one before went on, or another took its place.
        case skipped(String)
    }

    public var origin: Origin
    /// When it was due.
    public var due: Instant
    public var ended: Instant?
    /// Nil while it goes on.
    public var outcome: Outcome?

    public init(origin: Origin, due: Instant, ended: Instant? = nil, outcome: Outcome? = nil) {
        self.origin = origin
        self.due = due
        self.ended = ended
        self.outcome = outcome
    }
}
