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
    /// - Throws: `no_such_service`.
    func scaling(of service: ServiceName) async throws(ControlProblem) -> ScalingStatusDocument
    /// Asks for so many replicas, and tells what counts from then on.
    /// - Throws: `no_such_service`, `shutting_down`.
    func scale(_ service: ServiceName, to replicas: Int) async throws(ControlProblem) -> ScaledDocument
    /// The kept events that the query asks for, after a gap where some of them are not kept any more, and, where it
    /// follows, a feed of all that come after them.
    func events(_ query: EventQuery) async -> Subscription<EventDocument>
    /// The kept lines that the query asks for and, where it follows, a feed of all that come after them.
    /// - Throws: `no_such_service`.
    func logs(_ query: LogQuery) async throws(ControlProblem) -> Subscription<LogLine>
    /// Accepts a command, without waiting for it to be carried out.
    /// - Throws: `no_such_service`, `no_such_replica`, `not_running`, `no_rollout`, `no_such_revision`,
    ///   `shutting_down`.
    func perform(_ command: ControlCommand) async throws(ControlProblem) -> AcceptedDocument
    func doctor() async -> [DoctorCheck]
    /// The stack as it runs, with every default filled in, as JSON.
    func resolvedFile() async -> String
    /// What applying the files as they are now would do.
    /// - Throws: `invalid_file`.
    func plan(_ request: PlanRequest) async throws(ControlProblem) -> PlanDocument
    /// Begins to do it.
    /// - Throws: `invalid_file`, `plan_changed`, `port_conflict`, `shutting_down`.
    func apply(_ request: ApplyRequest) async throws(ControlProblem) -> PlanDocument
    func usage() async -> [UsageDocument]
    func metrics() async -> StackMetrics
    /// Restarts services whose watched files change, until the feed is finished.
    func watch() async -> Subscription<WatchDocument>
    /// Runs a command beside an instance (`beside`), or as a one-off instance of its own.
    /// - Throws: `no_such_service`, `no_such_replica`, `not_running`, `cannot_execute`, `too_many_executions`,
    ///   `bad_request`, `shutting_down`.
    func execute(
        _ request: ExecutionRequest, of service: ServiceName, besideInstance: Bool
    ) async throws(ControlProblem) -> Subscription<ExecutionRecord>
    /// Input returns when there was room for it.
    /// - Throws: `no_such_execution`, `too_much_input`, `cannot_execute`, `bad_request` where it is none that can be
    ///   controlled so.
    func control(_ id: UInt64, _ action: ExecutionAction) async throws(ControlProblem)
}

/// What can be done to an execution that goes on.
public enum ExecutionAction: Hashable, Sendable {
    /// More of its standard input. `isLast`: the end of file follows.
    case input([UInt8], isLast: Bool)
    case resize(ExecutionRequest.TerminalSize)
    case signal(Signal)
}

/// What there is, and where the rest comes from: what follows, and all that is too much to hold at once.
public struct Subscription<Item: FeedItem>: Sendable {
    public var backlog: [StreamRecord<Item>]
    /// Nil where there is no more.
    public var feed: (any RecordSource<Item>)?

    public init(backlog: [StreamRecord<Item>], feed: (any RecordSource<Item>)?) {
        self.backlog = backlog
        self.feed = feed
    }
}
