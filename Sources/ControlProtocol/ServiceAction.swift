/// What can be asked of services, by `POST /v1/{action}` and `POST /v1/services/{name}/{action}`.
public enum ServiceAction: String, Hashable, Codable, Sendable, CaseIterable {
    /// Start them and all that they depend on.
    case start
    /// Stop them, dependents before what they depend on.
    case stop
    /// Stop them, then start them.
    case restart
}

/// The body of `POST /v1/{action}`.
public struct ServiceSelection: Hashable, Codable, Sendable {
    /// None means all.
    public var services: [String]

    public init(services: [String] = []) {
        self.services = services
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        services = try container.decodeIfPresent([String].self, forKey: .services) ?? []
    }
}

/// The body of `POST /v1/shutdown`.
public struct ShutdownRequest: Hashable, Codable, Sendable {
    /// Without hooks, drains and grace.
    public var immediately: Bool

    public init(immediately: Bool = false) {
        self.immediately = immediately
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        immediately = try container.decodeIfPresent(Bool.self, forKey: .immediately) ?? false
    }
}

/// The body of `POST /v1/services/{name}/scale`.
public struct ScaleRequest: Hashable, Codable, Sendable {
    public var replicas: Int

    public init(replicas: Int) {
        self.replicas = replicas
    }
}

/// The body of `POST /v1/services/{name}/kill`.
public struct KillRequest: Hashable, Codable, Sendable {
    /// `SIGHUP`, `HUP` or `1`.
    public var signal: String
    /// Nil is every replica.
    public var replica: Int?

    public init(signal: String, replica: Int? = nil) {
        self.signal = signal
        self.replica = replica
    }
}

/// The body of `POST /v1/executions/{id}/signal`.
public struct SignalRequest: Hashable, Codable, Sendable {
    /// `SIGHUP`, `HUP` or `1`.
    public var signal: String

    public init(signal: String) {
        self.signal = signal
    }
}

/// The answer to a command that was accepted (status 202); it is carried out from now on.
public struct AcceptedDocument: Hashable, Codable, Sendable {
    /// The services that the command was for.
    public var services: [String]
    /// The newest event before those of the command: whoever follows the events after it misses nothing.
    public var event: UInt64

    public init(services: [String], event: UInt64) {
        self.services = services
        self.event = event
    }
}

extension ServiceSelection: WireRequest {
    public static let summary = "Services that something is to be done with."
    public static let properties: [WireProperty<ServiceSelection>] = [
        .omissible("services", \.services, "Their names; none means all.")
    ]
}

extension ShutdownRequest: WireRequest {
    public static let summary = "How the stack is to be shut down."
    public static let properties: [WireProperty<ShutdownRequest>] = [
        .omissible("immediately", \.immediately, "Without hooks, drains and grace.")
    ]
}

extension ScaleRequest: WireRequest {
    /// More than a host takes, and little enough to count.
    public static let countLimit = 1_000

    public static let summary = "How many replicas there are to be."
    public static let properties: [WireProperty<ScaleRequest>] = [
        .init("replicas", \.replicas, "Their number.", schema: .integer(minimum: 0, maximum: Int64(countLimit)))
    ]
}

extension KillRequest: WireRequest {
    public static let summary = "A signal for the main processes of a service."
    public static let properties: [WireProperty<KillRequest>] = [
        .optional("replica", \.replica, "The index of the replica; without it, every replica."),
        .init("signal", \.signal, "SIGHUP, HUP or 1."),
    ]
}

extension SignalRequest: WireRequest {
    public static let summary = "A signal for an execution."
    public static let properties: [WireProperty<SignalRequest>] = [
        .init("signal", \.signal, "SIGHUP, HUP or 1.")
    ]
}

extension AcceptedDocument: WireDocument {
    public static let summary = "A command was accepted, and is carried out from now on."
    public static let properties: [WireProperty<AcceptedDocument>] = [
        .init(
            "event", \.event,
            "The newest event before those of the command: whoever follows the events after it misses nothing."),
        .init("services", \.services, "The services that the command was for."),
    ]
}
