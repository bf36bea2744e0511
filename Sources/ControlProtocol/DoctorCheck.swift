/// One entry of `GET /v1/doctor`: what the daemon found out about the host.
public struct DoctorCheck: Hashable, Codable, Sendable {
    public enum Level: String, Hashable, Codable, Sendable, CaseIterable {
        case ok, warning, error
    }

    /// A stable word for what was checked: `cgroup`, `open_files`, …
    public var name: String
    public var level: Level
    public var finding: String
    /// What to do about it, where something should be done.
    public var remedy: String?

    public init(name: String, level: Level, finding: String, remedy: String? = nil) {
        self.name = name
        self.level = level
        self.finding = finding
        self.remedy = remedy
    }
}

extension DoctorCheck.Level: JSONValue {}

extension DoctorCheck: WireDocument {
    public static let summary = "What the daemon found out about the host."
    public static let properties: [WireProperty<DoctorCheck>] = [
        .init("finding", \.finding, "What was found."),
        .init("level", \.level, "How bad it is."),
        .init("name", \.name, "A stable word for what was checked: cgroup, open_files, …."),
        .optional("remedy", \.remedy, "What to do about it, where something should be done."),
    ]
}
