/// One replica of a service at one moment.
public struct ReplicaDocument: Hashable, Sendable {
    public enum State: String, Hashable, Codable, Sendable, CaseIterable {
        /// Nothing runs, and nothing is wanted.
        case stopped
        /// It waits for its schedule.
        case scheduled
        /// It is wanted and held back by a dependency or a listener.
        case waiting
        /// It failed, and the delay before the next start runs.
        case backoff
        /// Its process is made, or runs and has not yet proven that it is up.
        case starting
        /// It is up; `ready` tells whether it is ready.
        case running
        /// It is being ended.
        case stopping
        /// It has ended well, and that was its aim.
        case completed
        /// It has ended badly, or cannot start, and nobody will start it again unasked.
        case failed
    }

    public var service: String
    /// The replica's index, from 0; those of a service may have gaps.
    public var replica: Int
    /// There should be a replica of this index; where there should not, it is being ended.
    public var wanted: Bool
    public var state: State
    public var ready: Bool
    /// That of the main process, where one runs.
    public var pid: Int32?
    /// The serial number of the incarnation, where there is one.
    public var instance: UInt64?
    /// Restarts that nobody asked for.
    public var restarts: Int
    public var revision: String
    /// When the replica came into this state.
    public var since: Timestamp
    /// Why it is in this state, in one sentence.
    public var reason: String
    /// The service's own words (STATUS of sd_notify).
    public var status: String?
    /// How the last incarnation ended.
    public var lastExit: ExitDocument?

    public init(
        service: String, replica: Int, wanted: Bool = true, state: State, ready: Bool, pid: Int32?, instance: UInt64?,
        restarts: Int,
        revision: String, since: Timestamp, reason: String, status: String? = nil, lastExit: ExitDocument? = nil
    ) {
        self.service = service
        self.replica = replica
        self.wanted = wanted
        self.state = state
        self.ready = ready
        self.pid = pid
        self.instance = instance
        self.restarts = restarts
        self.revision = revision
        self.since = since
        self.reason = reason
        self.status = status
        self.lastExit = lastExit
    }

    /// `backend/0`
    public var name: String { "\(service)/\(replica)" }
}

extension ReplicaDocument: Codable {
    enum CodingKeys: String, CodingKey {
        case service, replica, wanted, state, ready, pid, instance, restarts, revision, since, reason, status
        case lastExit = "last_exit"
    }

    /// Writes every key, with null for what is not there, so that scripts need not ask whether a key exists.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(service, forKey: .service)
        try container.encode(replica, forKey: .replica)
        try container.encode(wanted, forKey: .wanted)
        try container.encode(state, forKey: .state)
        try container.encode(ready, forKey: .ready)
        try container.encode(pid, forKey: .pid)
        try container.encode(instance, forKey: .instance)
        try container.encode(restarts, forKey: .restarts)
        try container.encode(revision, forKey: .revision)
        try container.encode(since, forKey: .since)
        try container.encode(reason, forKey: .reason)
        try container.encode(status, forKey: .status)
        try container.encode(lastExit, forKey: .lastExit)
    }
}

extension ReplicaDocument.State: JSONValue {}

extension ReplicaDocument: WireDocument {
    public static let summary = "One replica of a service at one moment."
    public static let properties: [WireProperty<ReplicaDocument>] = [
        .nullable("instance", \.instance, "The serial number of its incarnation, where there is one."),
        .nullable("last_exit", \.lastExit, "How its last incarnation ended."),
        .nullable("pid", \.pid, "Its main process, where one runs."),
        .init("ready", \.ready, "Whether it is ready."),
        .init("reason", \.reason, "Why it is in this state, in one sentence."),
        .init("replica", \.replica, "Its index, from 0; those of a service may have gaps."),
        .init("restarts", \.restarts, "Restarts that nobody asked for."),
        .init("revision", \.revision, "The revision of the service that it runs."),
        .init("service", \.service, "Its service."),
        .init("since", \.since, "When it came into this state."),
        .init(
            "state", \.state,
            """
            stopped; scheduled: it waits for its schedule; waiting: a dependency or a listener holds it back; \
            backoff: the delay before the next start runs; starting; running; stopping; completed: it has ended \
            well, and that was its aim; failed: nobody will start it again unasked.
            """),
        .nullable("status", \.status, "The service's own words (STATUS of sd_notify)."),
        .init(
            "wanted", \.wanted,
            "Whether there should be a replica of this index; where there should not, it is being ended."),
    ]
}
