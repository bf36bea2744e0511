import ControlClient
import ControlProtocol
import ControlServer
import StackModel

/// A daemon behind a real control socket that runs nothing: a test says what its services are, and what commands do.
actor ScriptedDaemon: StackController {
    private var current: [ServiceDocument]
    private var eventFeeds: [Feed<EventDocument>] = []
    private var logFeeds: [Feed<LogLine>] = []
    private let logFollower: AsyncStream<Void>.Continuation
    private var lastEvent: UInt64 = 0
    private(set) var commands: [ControlCommand] = []
    private(set) var scales: [String: Int] = [:]
    private(set) var logQueries: [LogQuery] = []
    private(set) var applied: [ApplyRequest] = []
    private let plannedChanges: [PlanDocument.Change]
    private let conflicts: [String]
    private let reaction: @Sendable (ControlCommand, ScriptedDaemon) async -> Void

    /// - Parameters:
    ///   - planning: what applying the files would do, each time.
    ///   - reaction: what happens after a command was accepted; an apply is a start of all.
    init(
        _ services: ServiceDocument..., planning: [PlanDocument.Change] = [], conflicts: [String] = [],
        reaction: @escaping @Sendable (ControlCommand, ScriptedDaemon) async -> Void
    ) {
        (logFollowers, logFollower) = AsyncStream.makeStream()
        current = services
        plannedChanges = planning
        self.conflicts = conflicts
        self.reaction = reaction
    }

    /// The services become these, and an event tells so.
    func become(_ services: ServiceDocument...) {
        current = services
        lastEvent += 1
        let event = EventDocument(
            id: lastEvent, time: Timestamp(milliseconds: 0), subject: "stack", code: "changed", text: "it changed")
        eventFeeds.removeAll { !$0.offer(event) }
    }

    func write(_ text: String, service: String, at time: Timestamp) {
        let line = LogLine(time: time, service: service, replica: 0, stream: .stdout, sequence: 1, text: text)
        logFeeds.removeAll { !$0.offer(line) }
    }

    /// Gives an element for everyone who begins to follow the output.
    nonisolated let logFollowers: AsyncStream<Void>

    // MARK: StackController

    func stack() -> StackDocument {
        let time = Timestamp(milliseconds: 0)
        return StackDocument(
            name: "shop", state: .ready, ready: true, since: time, files: [],
            directories: .init(state: "/s", run: "/r", logs: "/l"), daemon: .init(pid: 1, version: "", since: time))
    }

    func services() -> [ServiceDocument] { current }

    func service(_ name: ServiceName) throws(ControlProblem) -> ServiceDocument {
        guard let service = current.first(where: { $0.name == name.text }) else { throw .noSuchService(name.text) }
        return service
    }

    func explain(_ service: ServiceName, replica: Int?) -> [EventDocument] { [] }

    func scaling(of service: ServiceName) throws(ControlProblem) -> ScalingStatusDocument {
        let service = try self.service(service)
        return ScalingStatusDocument(
            service: service.name, scale: service.scale, scaling: service.scaling,
            decisions: [service.scaling.decision].compactMap { $0 })
    }

    /// What happens after it is what happens after a start.
    func scale(_ service: ServiceName, to replicas: Int) throws(ControlProblem) -> ScaledDocument {
        var scaling = try self.service(service).scaling
        scaling.rule = .manual
        scales[service.text] = replicas
        Task { await reaction(.start([service]), self) }
        return ScaledDocument(service: service.text, scale: replicas, scaling: scaling, event: lastEvent)
    }

    func events(_ query: EventQuery) -> Subscription<EventDocument> {
        let feed = Feed<EventDocument>()
        eventFeeds.append(feed)
        return Subscription(backlog: [], feed: feed)
    }

    func logs(_ query: LogQuery) -> Subscription<LogLine> {
        logQueries.append(query)
        guard query.follow else { return Subscription(backlog: [], feed: nil) }
        let feed = Feed<LogLine>()
        logFeeds.append(feed)
        logFollower.yield()
        return Subscription(backlog: [], feed: feed)
    }

    func perform(_ command: ControlCommand) -> AcceptedDocument {
        commands.append(command)
        Task { await reaction(command, self) }
        let names = command.services.map(\.text)
        return AcceptedDocument(services: names.isEmpty ? current.map(\.name) : names, event: lastEvent)
    }

    func doctor() -> [DoctorCheck] { [] }

    func resolvedFile() -> String { "{}" }

    func plan(_ request: PlanRequest) throws(ControlProblem) -> PlanDocument {
        PlanDocument(plan: "ab12cd", changes: plannedChanges, conflicts: conflicts, event: lastEvent)
    }

    func apply(_ request: ApplyRequest) throws(ControlProblem) -> PlanDocument {
        let plan = try plan(PlanRequest(environment: request.environment))
        guard request.plan == nil || request.plan == plan.plan else { throw .planChanged(to: plan.plan) }
        guard conflicts.isEmpty else { throw .portConflict(conflicts) }
        applied.append(request)
        Task { await reaction(.start([]), self) }
        return plan
    }

    func usage() -> [UsageDocument] { [] }

    func metrics() -> StackMetrics {
        StackMetrics(
            stack: stack(), services: [], routes: [],
            daemon: .init(
                turns: .init(), spawns: .init(), residentBytes: 0, cpuSeconds: 0, openDescriptors: 0, events: 0))
    }

    func watch() -> Subscription<WatchDocument> { Subscription(backlog: [], feed: nil) }

    func execute(
        _ request: ExecutionRequest, of service: ServiceName, besideInstance: Bool
    ) throws(ControlProblem) -> Subscription<ExecutionRecord> {
        throw .cannotExecute("nothing can be executed here")
    }

    func control(_ id: UInt64, _ action: ExecutionAction) throws(ControlProblem) {
        throw .noSuchExecution(id)
    }
}

extension ControlCommand {
    fileprivate var services: [ServiceName] {
        switch self {
        case .start(let names), .stop(let names, _), .restart(let names, _, _): names
        case .signal(let name, _, _), .rollout(let name, _): [name]
        case .shutdown: []
        }
    }
}

/// Runs the body with a client of the daemon, which is served until then.
func withServer<Result>(
    of daemon: ScriptedDaemon, _ body: (ControlClient, ControlServer) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/control/socket"
    let server = try await ControlServer.start(on: try ControlSocket(path: path), for: daemon)
    do {
        let result = try await body(ControlClient(socketPath: path), server)
        await server.stop()
        return result
    } catch {
        await server.stop()
        throw error
    }
}
