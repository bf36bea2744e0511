/// Which events `GET /v1/events` gives.
public struct EventQuery: Hashable, Sendable {
    public enum Start: Hashable, Sendable {
        /// Only what happens from now on.
        case now
        /// The events after this number; 0, and a number that was never given out, mean all that are kept.
        case after(UInt64)
        /// The events of this time and later.
        case since(Timestamp)
    }

    public var start: Start
    /// Go on with those that come.
    public var follow: Bool

    public init(start: Start, follow: Bool) {
        self.start = start
        self.follow = follow
    }
}

/// Which lines `GET /v1/logs` gives.
public struct LogQuery: Hashable, Sendable {
    /// None means all.
    public var services: [String]
    /// How many of the newest lines of each replica come first, of those that everything else lets through; nil: as
    /// many as are kept.
    public var tail: Int?
    /// Lines of this time and later.
    public var since: Timestamp?
    /// Lines of before this time.
    public var until: Timestamp?
    /// Lines in which this POSIX extended regular expression matches.
    public var pattern: String?
    /// Go on with those that come.
    public var follow: Bool
    /// Where a client that comes back goes on: after these numbers, by replica. Replicas that are not among them begin
    /// as if the client were new.
    public var after: LogPosition?

    public init(
        services: [String] = [], tail: Int? = nil, since: Timestamp? = nil, until: Timestamp? = nil,
        pattern: String? = nil, follow: Bool = false, after: LogPosition? = nil
    ) {
        self.services = services
        self.tail = tail
        self.since = since
        self.until = until
        self.pattern = pattern
        self.follow = follow
        self.after = after
    }
}
