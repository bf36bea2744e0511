/// What can be asked of services, by `POST /v1/{action}` and `POST /v1/services/{name}/{action}`.
public enum ServiceAction: String, Hashable, Codable, Sendable, CaseIterable {
    /// Start them and all that they depend on.
    case start
    /// Stop them, dependents before what they depend on.
    case stop
    /// Replace their instances by new ones.
    case restart
}

/// The body of `POST /v1/{action}`, and, without services, of `POST /v1/services/{name}/{action}`.
public struct ActionRequest: Hashable, Codable, Sendable {
    /// None means all.
    public var services: [String]
    /// `stop` and `restart`: how long each instance has to end, in place of its own grace period.
    public var grace: Seconds?
    /// `restart`: all instances are stopped, then started, without a rollout.
    public var atOnce: Bool

    public init(services: [String] = [], grace: Duration? = nil, atOnce: Bool = false) {
        self.services = services
        self.grace = grace.map { Seconds($0) }
        self.atOnce = atOnce
    }

    enum CodingKeys: String, CodingKey {
        case services
        case grace = "grace_seconds"
        case atOnce = "at_once"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        services = try container.decodeIfPresent([String].self, forKey: .services) ?? []
        grace = try container.decodeIfPresent(Seconds.self, forKey: .grace)
        atOnce = try container.decodeIfPresent(Bool.self, forKey: .atOnce) ?? false
    }
}

/// The body of `POST /v1/shutdown`.
public struct ShutdownRequest: Hashable, Codable, Sendable {
    /// Without hooks, drains and grace.
    public var immediately: Bool
    /// How long each instance has to end, in place of its own grace period.
    public var grace: Seconds?

    public init(immediately: Bool = false, grace: Duration? = nil) {
        self.immediately = immediately
        self.grace = grace.map { Seconds($0) }
    }

    enum CodingKeys: String, CodingKey {
        case immediately
        case grace = "grace_seconds"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        immediately = try container.decodeIfPresent(Bool.self, forKey: .immediately) ?? false
        grace = try container.decodeIfPresent(Seconds.self, forKey: .grace)
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

extension ActionRequest: WireRequest {
    public static let summary = "Services that something is to be done with, and how."
    public static let properties: [WireProperty<ActionRequest>] = [
        .omissible(
            "at_once", \.atOnce, "restart: all instances are stopped, then started, without a rollout."),
        .optional(
            "grace_seconds", \.grace,
            "stop, restart: how long each instance has to end, in place of its own grace period."),
        .omissible(
            "services", \.services, "Their names; none means all. Not there where the path names the service."),
    ]
}

extension ShutdownRequest: WireRequest {
    public static let summary = "How the stack is to be shut down."
    public static let properties: [WireProperty<ShutdownRequest>] = [
        .optional(
            "grace_seconds", \.grace,
            "How long each instance has to end, in place of its own grace period; not with immediately."),
        .omissible("immediately", \.immediately, "Without hooks, drains and grace."),
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
        .event(\.event),
        .init("services", \.services, "The services that the command was for."),
    ]
}
