public import ControlProtocol
import StackModel

/// The daemon of one stack, over its control socket; each call is a connection of its own.
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
        try await stream(EventQuery(start: start, follow: true).path)
    }

    /// The services' output; the stream ends by itself where the query does not follow.
    public func logs(_ query: LogQuery) async throws(ControlClientError) -> ControlStream<LogLine> {
        for name in query.services { _ = try checked(name) }
        return try await stream(query.path)
    }
}

// MARK: - What is to be done

extension ControlClient {
    /// Asks for the action on the services, none meaning all, and returns when it is accepted, not when it is done.
    public func perform(
        _ action: ServiceAction, services: [String] = []
    ) async throws(ControlClientError) -> AcceptedDocument {
        try await post("/v1/\(action.rawValue)", ServiceSelection(services: services))
    }

    /// Asks for the stack to be stopped and the daemon to end.
    public func shutdown(immediately: Bool = false) async throws(ControlClientError) -> AcceptedDocument {
        try await post("/v1/shutdown", ShutdownRequest(immediately: immediately))
    }
}

// MARK: - Requests

extension ControlClient {
    private func get<Document: Decodable & Sendable>(_ path: String) async throws(ControlClientError) -> Document {
        try await answer(to: .get(path), accepting: [200])
    }

    private func post<Document: Decodable & Sendable>(
        _ path: String, _ body: some Encodable
    ) async throws(ControlClientError) -> Document {
        try await answer(to: .post(path, try encoded(body)), accepting: [202])
    }

    private func answer<Document: Decodable & Sendable>(
        to request: HTTPRequest, accepting statuses: Set<Int>
    ) async throws(ControlClientError) -> Document {
        let response = try await Connection.exchange(request, with: socketPath, within: timeout)
        guard statuses.contains(response.status) else { throw response.error }
        return try decoded(response.body)
    }

    private func stream<Item>(_ path: String) async throws(ControlClientError) -> ControlStream<Item> {
        ControlStream(try await Connection.stream(.get(path), from: socketPath, within: timeout))
    }

    /// A service's name as part of a path; what is no name is no service either.
    private func checked(_ name: String) throws(ControlClientError) -> String {
        guard ServiceName(name) != nil else { throw .problem(.noSuchService(name)) }
        return name
    }
}
