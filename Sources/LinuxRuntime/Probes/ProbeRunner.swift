/// What one run of a probe checks, with every template filled and every port known.
public enum ProbeCheck {
    /// A command ends with status 0.
    case exec(ProbeProgram)
    case http(HTTPCheck)
    /// A TCP connection is accepted; the host is an IPv4 or IPv6 address, or `localhost`.
    case tcp(host: String, port: UInt16)
    /// A connection to a unix stream socket is accepted.
    case unix(path: String)
    /// `grpc.health.v1.Health/Check` answers SERVING.
    case grpc(GRPCCheck)
    /// A line of the instance's output has matched.
    case log(LogWatch)
    /// A port is listened on by the instance's own processes.
    case listening(ListeningCheck)
    /// A Model Context Protocol server answers.
    case mcp(MCPCheck)
}

/// Runs probes on the event loop.
///
/// When to run one, for how long, and what a result means is for the caller to say.
public final class ProbeRunner {
    private let tools: ProbeTools

    public init(loop: EventLoop, spawner: Spawner, exits: Exits) {
        tools = ProbeTools(loop: loop, spawner: spawner, exits: exits)
    }

    /// Starts a run. `completion` is called once, on the loop and never from within this call, unless the run is
    /// cancelled first. A run goes on whether or not its task is kept.
    @discardableResult
    public func start(_ check: ProbeCheck, completion: @escaping (ProbeResult) -> Void) -> ProbeTask {
        ProbeTask(loop: tools.loop, completion: completion) { [tools] report in
            Self.makeRun(check, tools, report)
        }
    }

    private static func makeRun(
        _ check: ProbeCheck, _ tools: ProbeTools, _ report: @escaping (ProbeResult) -> Void
    ) -> any RunningProbe {
        switch check {
        case .exec(let program):
            ExecProbeRun(program, tools: tools, report: report)
        case .http(let check):
            HTTPProbeRun(check, loop: tools.loop, report: report)
        case .tcp(let host, let port):
            ConnectProbeRun(
                to: { () throws(ProbeFailure) in try ProbeAddress.resolve(host: host, port: port) }, loop: tools.loop,
                report: report)
        case .unix(let path):
            ConnectProbeRun(
                to: { () throws(ProbeFailure) in [try ProbeAddress.unix(path)] }, loop: tools.loop, report: report)
        case .grpc(let check):
            GRPCHealthProbeRun(check, loop: tools.loop, report: report)
        case .log(let watch):
            LogProbeRun(watch, report: report)
        case .listening(let check):
            ListeningProbeRun(check, loop: tools.loop, report: report)
        case .mcp(let check):
            makeRun(check, tools, report)
        }
    }
}

extension ProbeRunner {
    private static func makeRun(
        _ check: MCPCheck, _ tools: ProbeTools, _ report: @escaping (ProbeResult) -> Void
    ) -> any RunningProbe {
        switch check.transport {
        case .stdio(let program):
            MCPStdioProbeRun(program, wantedTools: check.tools, tools: tools, report: report)
        case .http(let host, let port, let path):
            MCPHTTPProbeRun(
                MCPHTTPProbeRun.Endpoint(host: host, port: port, path: path), wantedTools: check.tools,
                loop: tools.loop, report: report)
        }
    }
}

/// What runs share.
struct ProbeTools {
    let loop: EventLoop
    let spawner: Spawner
    let exits: Exits
}
