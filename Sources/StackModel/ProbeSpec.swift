/// The probes of a service, by what they decide.
public struct ProbeSet: Hashable, Sendable {
    /// Until it has passed, the other two do not run; when it fails, the instance is restarted.
    public var startup: ProbeSpec?
    /// While it fails, the replica is out of rotation.
    public var readiness: ProbeSpec?
    /// When it fails, the instance is restarted.
    public var liveness: ProbeSpec?

    public init(startup: ProbeSpec? = nil, readiness: ProbeSpec? = nil, liveness: ProbeSpec? = nil) {
        self.startup = startup
        self.readiness = readiness
        self.liveness = liveness
    }
}

/// A check that is repeated while an instance runs, with Kubernetes' numbers.
public struct ProbeSpec: Hashable, Sendable {
    public var handler: ProbeHandler
    public var initialDelay: Duration
    public var period: Duration
    public var timeout: Duration
    /// So many passes in a row make a success.
    public var successThreshold: Int
    /// So many fails in a row make a failure.
    public var failureThreshold: Int

    public init(
        handler: ProbeHandler, initialDelay: Duration = .zero, period: Duration = .seconds(10),
        timeout: Duration = .seconds(1), successThreshold: Int = 1, failureThreshold: Int = 3
    ) {
        self.handler = handler
        self.initialDelay = initialDelay
        self.period = period
        self.timeout = timeout
        self.successThreshold = successThreshold
        self.failureThreshold = failureThreshold
    }
}

/// What one run of a probe does.
public enum ProbeHandler: Hashable, Sendable {
    /// Exit status 0 of a command, run with the service's user, environment and working directory.
    case exec(command: [Template])
    case http(HTTPProbe)
    /// A TCP connection is accepted.
    case tcp(host: String, port: ProbePort)
    /// A connection to a unix stream socket is accepted.
    case unix(path: Template)
    /// `grpc.health.v1.Health/Check` answers SERVING.
    case grpc(host: String, port: ProbePort, service: String)
    /// A line of the instance's output matches this POSIX extended regular expression.
    case log(pattern: String)
    /// READY=1 arrived on NOTIFY_SOCKET.
    case notify
    /// The port is bound by a process of this very instance.
    case listening(port: ProbePort)
    case mcp(MCPProbe)
}

/// A port by number, or by the name of one of the service's `ports` or TCP listeners.
public enum ProbePort: Hashable, Sendable {
    case number(UInt16)
    case named(String)
}

/// A GET request over plain HTTP/1.1.
public struct HTTPProbe: Hashable, Sendable {
    public var host: String
    public var port: ProbePort
    public var path: Template
    public var headers: [HTTPHeader]
    /// The status codes that pass.
    public var status: [ClosedRange<Int>]
    /// A POSIX extended regular expression that the body's first 64 KiB must match.
    public var body: String?

    public init(
        host: String = "127.0.0.1", port: ProbePort, path: Template = "/", headers: [HTTPHeader] = [],
        status: [ClosedRange<Int>] = [200...399], body: String? = nil
    ) {
        self.host = host
        self.port = port
        self.path = path
        self.headers = headers
        self.status = status
        self.body = body
    }
}

public struct HTTPHeader: Hashable, Sendable {
    public var name: String
    public var value: Template

    public init(name: String, value: Template) {
        self.name = name
        self.value = value
    }
}

/// A Model Context Protocol server answers `server/discover`, or the older `initialize`, and has the tools named.
public struct MCPProbe: Hashable, Sendable {
    public enum Transport: Hashable, Sendable {
        /// The command is run for the probe alone, with the service's user and environment, and ended after it.
        case stdio(command: [Template])
        /// The streamable HTTP transport, or the older one over server-sent events.
        case http(host: String, port: ProbePort, path: Template)
    }

    public var transport: Transport
    public var tools: [String]

    public init(transport: Transport, tools: [String] = []) {
        self.transport = transport
        self.tools = tools
    }
}
