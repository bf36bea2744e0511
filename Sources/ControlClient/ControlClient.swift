public import ControlProtocol
import NIOCore
import StackModel

/// The daemon of one stack, over its control socket; each call is a connection of its own, but for `ExecutionInput`.
///
/// Every method throws `ControlClientError`, and returns early where its task is cancelled.
public struct ControlClient: Sendable {
    public let socketPath: String
    /// How long an answer, or the beginning of a stream, may take.
    public let timeout: Duration

    public init(socketPath: String, timeout: Duration = .seconds(10)) {
        self.socketPath = socketPath
        self.timeout = timeout
    }
}

// MARK: - What is

extension ControlClient {
    /// The stack as a whole.
    public func stack() async throws(ControlClientError) -> StackDocument {
        try await get("/v1/stack")
    }

    /// Every service, in the order of their names.
    public func services() async throws(ControlClientError) -> [ServiceDocument] {
        try await get("/v1/services")
    }

    public func service(_ name: String) async throws(ControlClientError) -> ServiceDocument {
        try await get("/v1/services/\(try checked(name))")
    }

    /// The rollout of the service, where there is one, and its revisions so far.
    public func rollout(of service: String) async throws(ControlClientError) -> RolloutStatusDocument {
        try await get("/v1/services/\(try checked(service))/rollout")
    }

    /// How many replicas the service should have, who says so, and the decisions of its autoscaler so far.
    public func scaling(of service: String) async throws(ControlClientError) -> ScalingStatusDocument {
        try await get("/v1/services/\(try checked(service))/scaling")
    }

    /// Why the service, or one replica of it, is in its state: the newest event, its cause, the cause's cause, ….
    public func explain(_ service: String, replica: Int? = nil) async throws(ControlClientError) -> [EventDocument] {
        let name = try checked(service)
        guard let replica else { return try await get("/v1/services/\(name)/explain") }
        return try await get("/v1/replicas/\(name)/\(replica)/explain")
    }

    /// What the daemon found out about the host.
    public func doctor() async throws(ControlClientError) -> [DoctorCheck] {
        try await get("/v1/doctor")
    }

    /// What every running instance uses of the host.
    public func usage() async throws(ControlClientError) -> [UsageDocument] {
        try await get("/v1/usage")
    }

    /// The stack as it runs, with every default filled in, as JSON. It may hold secrets.
    public func configuration() async throws(ControlClientError) -> String {
        try await text("/v1/config")
    }

    /// The description of the whole API, as JSON.
    public func openAPI() async throws(ControlClientError) -> String {
        try await text("/v1/openapi.json")
    }

    /// In the text format of Prometheus.
    public func metrics() async throws(ControlClientError) -> String {
        try await text("/metrics")
    }

    /// Whether every service is as it should be.
    public func readiness() async throws(ControlClientError) -> ReadinessDocument {
        try await answer(to: .get("/readyz"), accepting: [200, 503])
    }
}

// MARK: - What happens

extension ControlClient {
    /// The events that the daemon still has.
    public func recentEvents(
        _ start: EventQuery.Start = .after(0)
    ) async throws(ControlClientError) -> [StreamRecord<EventDocument>] {
        try await get(EventQuery(start: start, follow: false).path)
    }

    /// The events as they happen; from when this returns, none is missed.
    public func events(
        _ start: EventQuery.Start = .now
    ) async throws(ControlClientError) -> ControlStream<EventDocument> {
        try await stream(.get(EventQuery(start: start, follow: true).path))
    }

    /// The services' output; the stream ends by itself where the query does not follow. A client whose stream broke
    /// goes on with the `after` that its lines add up to (`LogPosition.advance`).
    public func logs(_ query: LogQuery) async throws(ControlClientError) -> ControlStream<LogLine> {
        for name in query.services { _ = try checked(name) }
        return try await stream(.get(query.path))
    }
}

// MARK: - What is to be done

extension ControlClient {
    /// Asks for the action on the services, none meaning all, and returns when it is accepted, not when it is done.
    /// - Parameters:
    ///   - grace: of `stop` and `restart`: how long each instance has to end, in place of its own grace period.
    ///   - atOnce: of `restart`: all instances are stopped, then started, without a rollout.
    public func perform(
        _ action: ServiceAction, services: [String] = [], grace: Duration? = nil, atOnce: Bool = false
    ) async throws(ControlClientError) -> AcceptedDocument {
        try await post("/v1/\(action.rawValue)", ActionRequest(services: services, grace: grace, atOnce: atOnce))
    }

    /// Asks for the stack to be stopped and the daemon to end; `grace`: how long each instance has to end, in place of
    /// its own grace period.
    public func shutdown(
        immediately: Bool = false, grace: Duration? = nil
    ) async throws(ControlClientError) -> AcceptedDocument {
        try await post("/v1/shutdown", ShutdownRequest(immediately: immediately, grace: grace))
    }

    /// Asks for something of the service's rollout.
    public func rollout(
        _ service: String, _ command: RolloutCommand
    ) async throws(ControlClientError) -> AcceptedDocument {
        let path = "/v1/services/\(try checked(service))/rollout"
        return switch command {
        case .pause: try await answer(to: .post("\(path)/pause"), accepting: [202])
        case .resume: try await answer(to: .post("\(path)/resume"), accepting: [202])
        case .promote(let fully): try await post("\(path)/promote", PromoteRequest(fully: fully))
        case .undo(let number): try await post("\(path)/undo", UndoRequest(revision: number))
        }
    }
}

// MARK: - What is to change

extension ControlClient {
    /// What applying the stack files as they are now would do.
    public func plan(environment: [String: String] = [:]) async throws(ControlClientError) -> PlanDocument {
        try await post("/v1/plan", PlanRequest(environment: environment), accepting: 200)
    }

    /// Begins to make the running stack what its files say; `plan`: only where that is still the plan; `atOnce`:
    /// instances that a rollout would replace are all stopped, then started.
    public func apply(
        plan: String? = nil, environment: [String: String] = [:], atOnce: Bool = false
    ) async throws(ControlClientError) -> PlanDocument {
        try await post("/v1/apply", ApplyRequest(plan: plan, environment: environment, atOnce: atOnce))
    }

    /// Asks for another number of replicas, and tells who says from now on how many there are.
    public func scale(_ service: String, to replicas: Int) async throws(ControlClientError) -> ScaledDocument {
        try await post("/v1/services/\(try checked(service))/scale", ScaleRequest(replicas: replicas))
    }

    /// Sends a signal to the main process of one replica, or of every replica of the service.
    public func kill(
        _ service: String, signal: String, replica: Int? = nil
    ) async throws(ControlClientError) -> AcceptedDocument {
        try await post("/v1/services/\(try checked(service))/kill", KillRequest(signal: signal, replica: replica))
    }

    /// Has services restarted whose watched files change, for as long as the stream is read.
    public func watch() async throws(ControlClientError) -> ControlStream<WatchDocument> {
        try await stream(.post("/v1/watch"))
    }
}

// MARK: - Executions

extension ControlClient {
    /// Runs a command beside an instance of the service, or, otherwise, as a one-off instance of its own, and gives
    /// what becomes of it. It is ended when the stream is not read to its end.
    public func execute(
        _ request: ExecutionRequest, of service: String, besideInstance: Bool
    ) async throws(ControlClientError) -> ControlStream<ExecutionRecord> {
        var request = request
        request.detach = false
        let path = try executionPath(service, besideInstance)
        return try await stream(.post(path, try encoded(request)))
    }

    /// Begins the same and leaves it to itself; its output goes to the service's log.
    /// - Returns: `started`.
    public func executeDetached(
        _ request: ExecutionRequest, of service: String, besideInstance: Bool
    ) async throws(ControlClientError) -> ExecutionRecord {
        var request = request
        request.detach = true
        return try await post(try executionPath(service, besideInstance), request)
    }

    private func executionPath(_ service: String, _ besideInstance: Bool) throws(ControlClientError) -> String {
        "/v1/services/\(try checked(service))/\(besideInstance ? "exec" : "run")"
    }

    /// The way to the standard input of an execution.
    public func input(of execution: UInt64) -> ExecutionInput {
        ExecutionInput(execution, over: KeptConnection(to: socketPath, connectTimeout: timeout))
    }

    /// Gives the execution's terminal another size.
    public func resize(
        _ execution: UInt64, to size: ExecutionRequest.TerminalSize
    ) async throws(ControlClientError) {
        try await order("/v1/executions/\(execution)/resize", size)
    }

    /// Sends a signal to the execution.
    public func signal(_ execution: UInt64, _ signal: String) async throws(ControlClientError) {
        try await order("/v1/executions/\(execution)/signal", SignalRequest(signal: signal))
    }
}

// MARK: - Requests

extension ControlClient {
    private func get<Document: Decodable & Sendable>(_ path: String) async throws(ControlClientError) -> Document {
        try await answer(to: .get(path), accepting: [200])
    }

    private func post<Document: Decodable & Sendable>(
        _ path: String, _ body: some Encodable, accepting status: Int = 202
    ) async throws(ControlClientError) -> Document {
        try await answer(to: .post(path, try encoded(body)), accepting: [status])
    }

    /// A request that is answered with nothing but that it was carried out.
    private func order(_ path: String, _ body: some Encodable) async throws(ControlClientError) {
        _ = try await response(to: .post(path, try encoded(body)), accepting: [204])
    }

    private func text(_ path: String) async throws(ControlClientError) -> String {
        String(buffer: try await response(to: .get(path), accepting: [200]).body)
    }

    private func answer<Document: Decodable & Sendable>(
        to request: HTTPRequest, accepting statuses: Set<Int>
    ) async throws(ControlClientError) -> Document {
        try decoded(try await response(to: request, accepting: statuses).body)
    }

    private func response(
        to request: HTTPRequest, accepting statuses: Set<Int>
    ) async throws(ControlClientError) -> HTTPResponse {
        let response = try await Connection.exchange(request, with: socketPath, within: timeout)
        guard statuses.contains(response.status) else { throw response.error }
        return response
    }

    private func stream<Item>(_ request: HTTPRequest) async throws(ControlClientError) -> ControlStream<Item> {
        ControlStream(try await Connection.stream(request, from: socketPath, within: timeout))
    }

    /// A service's name as part of a path; what is no name is no service either.
    private func checked(_ name: String) throws(ControlClientError) -> String {
        guard ServiceName(name) != nil else { throw .problem(.noSuchService(name)) }
        return name
    }
}
