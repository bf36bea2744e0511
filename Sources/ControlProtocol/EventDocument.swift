/// One entry of `GET /v1/events` and of an explanation: what happened or was decided, why, and after what.
public struct EventDocument: Hashable, Codable, Sendable {
    /// The event's number in the one sequence of the daemon, from 1 and without gaps.
    public var id: UInt64
    public var time: Timestamp
    /// What it is about: `stack`, `backend`, `backend/0` or `backend/0 #17`.
    public var subject: String
    /// The service of the subject.
    public var service: String?
    /// The index of the replica of the subject.
    public var replica: Int?
    /// The serial number of the instance of the subject.
    public var instance: UInt64?
    /// A stable word for what happened: `spawned`, `probe_failed`, …
    public var code: String
    /// The same for people, in one sentence.
    public var text: String
    /// The number of the event that led to this one.
    public var cause: UInt64?

    public init(
        id: UInt64, time: Timestamp, subject: String, service: String? = nil, replica: Int? = nil,
        instance: UInt64? = nil, code: String, text: String, cause: UInt64? = nil
    ) {
        self.id = id
        self.time = time
        self.subject = subject
        self.service = service
        self.replica = replica
        self.instance = instance
        self.code = code
        self.text = text
        self.cause = cause
    }
}

extension EventDocument: WireDocument {
    public static let summary = "What happened or was decided, why, and after what."
    public static let properties: [WireProperty<EventDocument>] = [
        .optional("cause", \.cause, "The number of the event that led to this one."),
        .init("code", \.code, "A stable word for what happened: spawned, probe_failed, …."),
        .init("id", \.id, "The event's number in the one sequence of the daemon, from 1 and without gaps."),
        .optional("instance", \.instance, "The serial number of the instance of the subject."),
        .optional("replica", \.replica, "The index of the replica of the subject."),
        .optional("service", \.service, "The service of the subject."),
        .init("subject", \.subject, "What it is about: stack, backend, backend/0 or backend/0 #17."),
        .init("text", \.text, "The same for people, in one sentence."),
        .init("time", \.time, "When it happened."),
    ]
}
