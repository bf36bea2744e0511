/// The revisions of the protocol that this server speaks.
enum ProtocolVersion {
    /// The revisions in which every request stands for itself: version and capabilities travel in its `_meta`.
    static let modern = ["2026-07-28"]
    /// The revisions that begin with an `initialize` handshake, the newest first.
    static let legacy = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]

    static let supported = modern + legacy

    /// What an HTTP client speaks that names no revision (2025-06-18, Protocol Version Header).
    static let assumedOverHTTP = "2025-03-26"

    /// The revision of a handshake: what the client asked for, or else the newest that has one.
    static func negotiate(_ requested: String) -> String {
        legacy.contains(requested) ? requested : legacy[0]
    }
}

/// The keys of `_meta` that the stateless revision defines.
enum MetaKey {
    static let protocolVersion = "io.modelcontextprotocol/protocolVersion"
    static let clientCapabilities = "io.modelcontextprotocol/clientCapabilities"
    static let serverInfo = "io.modelcontextprotocol/serverInfo"
}
