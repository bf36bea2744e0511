/// `GET /readyz`: whether every service is as it should be, with status 200 or 503.
public struct ReadinessDocument: Hashable, Codable, Sendable {
    public var ready: Bool
    /// The services that are not as they should be.
    public var waiting: [String]

    public init(waiting: [String]) {
        ready = waiting.isEmpty
        self.waiting = waiting
    }
}

extension ReadinessDocument: WireDocument {
    public static let summary = "Whether every service is as it should be."
    public static let properties: [WireProperty<ReadinessDocument>] = [
        .init("ready", \.ready, "Whether none is waited for."),
        .init("waiting", \.waiting, "The services that are not as they should be."),
    ]
}
