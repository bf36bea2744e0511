public import ControlProtocol
public import StackModel

/// The daemon as the control API sees it. Each request makes one call, so that it costs the daemon one hop.
///
/// What a stream gives up on is decided by its feed: the daemon offers and never waits.
public protocol StackController: Sendable {
    func stack() async -> StackDocument
    /// In the order of their names.
    func services() async -> [ServiceDocument]
    /// - Throws: `no_such_service`.
    func service(_ name: ServiceName) async throws(ControlProblem) -> ServiceDocument
    /// Why the service, or one replica of it, is in its state: the newest event, its cause, the cause's cause, ….
    /// - Throws: `no_such_service`, `no_such_replica`.
    func explain(_ service: ServiceName, replica: Int?) async throws(ControlProblem) -> [EventDocument]
    /// The kept events that the query asks for, after a gap where some of them are not kept any more, and, where it
    /// follows, a feed of all that come after them.
    func events(_ query: EventQuery) async -> Subscription<EventDocument>
    /// The kept lines that the query asks for and, where it follows, a feed of all that come after them.
    /// - Throws: `no_such_service`.
    func logs(_ query: LogQuery) async throws(ControlProblem) -> Subscription<LogLine>
    /// Accepts a command, without waiting for it to be carried out.
    /// - Throws: `no_such_service`, `shutting_down`.
    func perform(_ command: ControlCommand) async throws(ControlProblem) -> AcceptedDocument
    func doctor() async -> [DoctorCheck]
}

/// What a client asks the daemon to do.
public enum ControlCommand: Hashable, Sendable {
    /// The action on the services; none means all.
    case services(ServiceAction, [ServiceName])
    /// Stop everything, then end. `immediately`: without hooks, drains and grace.
    case shutdown(immediately: Bool)
}

/// What there is, and a feed of what comes after it.
public struct Subscription<Item: FeedItem>: Sendable {
    public var backlog: [StreamRecord<Item>]
    /// Nil where nothing is to follow.
    public var feed: Feed<Item>?

    public init(backlog: [StreamRecord<Item>], feed: Feed<Item>?) {
        self.backlog = backlog
        self.feed = feed
    }
}
