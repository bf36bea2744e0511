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
