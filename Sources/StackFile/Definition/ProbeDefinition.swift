import StackModel

/// The probes of a service as the file gives them.
struct ProbesDraft: Sendable {
    var startup: Located<ProbeDraft>?
    var readiness: Located<ProbeDraft>?
    var liveness: Located<ProbeDraft>?
}

/// One probe as the file gives it.
struct ProbeDraft: Sendable {
    static let largestThreshold = 1_000_000_000

    var handlers: [Located<HandlerDraft>] = []
    var initialDelay: Located<Duration>?
    var period: Located<Duration>?
    var timeout: Located<Duration>?
    var successThreshold: Located<Int>?
    var failureThreshold: Located<Int>?
}

/// What a probe does, as far as the probe alone tells.
enum HandlerDraft: Hashable, Sendable {
    case complete(ProbeHandler)
    /// MCP over stdio with the service's own command, which is known when the service is.
    case ownCommandAsMCP(tools: [String])
}

extension Definition where Value == ProbesDraft {
    static let probes: Definition = mapping(
        "`probes`", ProbesDraft.init,
        fields: [
            Field(
                "startup", \.startup, .probe,
                "Until it has passed, the others do not run; when it fails, the instance is restarted."),
            Field("readiness", \.readiness, .probe, "While it fails, the replica is out of rotation."),
            Field("liveness", \.liveness, .probe, "When it fails, the instance is restarted."),
        ]
    ).refine { draft, _, report in
        for (probe, name) in [(draft.startup, "startup"), (draft.liveness, "liveness")] {
            if let threshold = probe?.value.successThreshold, threshold.value != 1 {
                report.error(
                    at: threshold.location, "`success_threshold` of a \(name) probe cannot be \(threshold.value)",
                    remedy: "it is 1, as in Kubernetes")
            }
        }
        return draft
    }
}

extension Definition where Value == ProbeDraft {
    static let probe: Definition = unsharedProbe.shared(as: "probe")
    static let probeFields = handlers + timing

    static let unsharedProbe: Definition = mapping("a probe", ProbeDraft.init, fields: probeFields).refine {
        draft, node, report in
        switch draft.handlers.count {
        case 1: return draft
        case 0:
            let names = handlers.map { "`\($0.name)`" }.joined(separator: ", ")
            // Any further key is a handler with a fault, or a misspelt one, which has been told.
            if node.entries.allSatisfy({ entry in timing.contains { $0.name == entry.key } }) {
                report.error(at: node.location, "the probe does nothing", remedy: "give it one of \(names)")
            }
            return nil
        default:
            report.error(
                at: draft.handlers[1].location, "the probe does more than one thing",
                remedy: "keep one of them")
            return nil
        }
    }

    private static let timing: [Field<ProbeDraft>] = [
        Field("initial_delay", \.initialDelay, .duration, default: "0s", "How long after the start the first run is."),
        Field("period", \.period, .positiveDuration, default: "10s", "How long from one run to the next."),
        Field("timeout", \.timeout, .positiveDuration, default: "1s", "How long one run may take."),
        Field(
            "success_threshold", \.successThreshold, .integer(1...ProbeDraft.largestThreshold), default: "1",
            "So many passes in a row make a success."),
        Field(
            "failure_threshold", \.failureThreshold, .integer(1...ProbeDraft.largestThreshold), default: "3",
            "So many fails in a row make a failure."),
    ]

    private static let handlers: [Field<ProbeDraft>] = [
        handler("exec", .exec, "A command that ends with exit status 0."),
        handler("http", .http, "A GET request that is answered with a status that passes."),
        handler("tcp", .tcp, "A TCP connection that is accepted."),
        handler("unix", .unix, "A connection to a unix socket that is accepted."),
        handler("grpc", .grpc, "A health check of gRPC (grpc.health.v1) that answers SERVING."),
        handler("log", .log, "A line of output that matches a regular expression."),
        handler("notify", .notify, "READY=1 on NOTIFY_SOCKET (sd_notify(3))."),
        handler("listening", .listening, "A port that is bound by a process of this very instance."),
        handler("mcp", .mcp, "A Model Context Protocol server that answers, and has the tools named."),
    ]

    private static func handler(
        _ name: String, _ definition: Definition<HandlerDraft>, _ documentation: String
    ) -> Field<ProbeDraft> {
        Field(name, definition, documentation) { draft, handler, entry, _ in
            draft.handlers.append(Located(handler, at: entry.keyLocation))
        }
    }
}

extension ProbeDraft {
    /// The probe of a service with a command; nil where no handler could be read.
    func resolved(command: [Template]) -> ProbeSpec? {
        guard let handler = handlers.first?.value.resolved(command: command) else { return nil }
        var spec = ProbeSpec(handler: handler)
        spec.initialDelay = initialDelay?.value ?? spec.initialDelay
        spec.period = period?.value ?? spec.period
        spec.timeout = timeout?.value ?? spec.timeout
        spec.successThreshold = successThreshold?.value ?? spec.successThreshold
        spec.failureThreshold = failureThreshold?.value ?? spec.failureThreshold
        return spec
    }
}

extension HandlerDraft {
    func resolved(command: [Template]) -> ProbeHandler {
        switch self {
        case .complete(let handler): handler
        case .ownCommandAsMCP(let tools): .mcp(MCPProbe(transport: .stdio(command: command), tools: tools))
        }
    }
}
