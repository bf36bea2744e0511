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
    /// How many of the newest lines of each replica come first; nil: as many as are kept.
    public var tail: Int?
    /// Go on with those that come.
    public var follow: Bool

    public init(services: [String] = [], tail: Int? = nil, follow: Bool = false) {
        self.services = services
        self.tail = tail
        self.follow = follow
    }
}
