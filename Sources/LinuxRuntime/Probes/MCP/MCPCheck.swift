/// A Model Context Protocol server that must answer, and have some tools.
public struct MCPCheck {
    public enum Transport {
        /// A server that is run for the check alone and speaks over its standard streams.
        case stdio(ProbeProgram)
        /// The streamable HTTP transport, or the older one over server-sent events, at this path. The host is an IPv4
        /// or IPv6 address, or `localhost`.
        case http(host: String, port: UInt16, path: String)
    }

    public var transport: Transport
    /// The names of tools that the server must have.
    public var tools: [String]

    public init(transport: Transport, tools: [String] = []) {
        self.transport = transport
        self.tools = tools
    }
}

/// Bounds on what a server may make a probe keep.
enum MCPLimits {
    /// The bytes of one message.
    static let message = 1 << 20
    /// How long a server may be silent on `server/discover` before it is taken for an older one.
    static let patience = Duration.milliseconds(500)
    /// How long the end of a session, or of a server whose input has ended, is waited for.
    static let farewell = Duration.seconds(1)
}
