/// One message of `POST /v1/watch`: files changed, and the services that are restarted for it.
public struct WatchDocument: Hashable, Codable, Sendable {
    public var time: Timestamp
    public var service: String
    /// Some of the files that changed; absolute paths.
    public var paths: [String]
    /// How many there were.
    public var count: Int

    public init(time: Timestamp, service: String, paths: [String], count: Int) {
        self.time = time
        self.service = service
        self.paths = paths
        self.count = count
    }
}

extension WatchDocument: WireDocument {
    public static let summary = "Files changed, and a service is restarted for it."
    public static let properties: [WireProperty<WatchDocument>] = [
        .init("count", \.count, "How many there were."),
        .init("paths", \.paths, "Some of the files that changed; absolute paths."),
        .init("service", \.service, "The service that is restarted."),
        .init("time", \.time, "When."),
    ]
}
