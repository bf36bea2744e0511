import Glibc
import StackModel

/// Ports and sockets: no two of them may be the same, and every name of one must lead to one.
enum EndpointChecks {
    static func check(_ services: [ResolvingService], report: inout Report) {
        var claims = PortClaims()
        var paths: [String: SourceLocation] = [:]
        for service in services {
            checkNames(of: service, report: &report)
            checkReferences(of: service, report: &report)
            checkProbes(of: service, report: &report)
            for port in service.entry.draft.ports?.value ?? [] {
                guard case .fixed(let number) = port.value.value else { continue }
                checkSingle(port.value.location, number: number, of: service, report: &report)
                claims.add(number, host: nil, owner: service.spec.name, at: port.value.location, report: &report)
            }
            for listener in service.entry.draft.listeners?.value ?? [] {
                switch listener.value.value {
                case .tcp(let host, let number):
                    claims.add(
                        number, host: host, owner: service.spec.name, at: listener.value.location, report: &report)
                case .unix(let path):
                    let location = listener.value.location
                    let text = path.filled(in: service.pathContext)
                    if let first = paths[text] {
                        report.error(
                            at: location, "the socket `\(path)` is there twice, first at \(first)",
                            remedy: "give each its own path")
                    }
                    paths[text] = paths[text] ?? location
                }
            }
        }
    }

    private static func checkSingle(
        _ location: SourceLocation, number: UInt16, of service: ResolvingService, report: inout Report
    ) {
        guard service.spec.replicas > 1 else { return }
        report.error(
            at: location, "\(service.spec.replicas) replicas of `\(service.spec.name)` cannot all bind port \(number)",
            remedy: "use `auto`, or let them share a `listen` socket")
    }

    /// Names that become the same variable, and names that a probe could not tell apart.
    private static func checkNames(of service: ResolvingService, report: inout Report) {
        var variables: [String: String] = [:]
        for port in service.entry.draft.ports?.value ?? [] {
            let name = port.name.value
            let variable = PortSpec.variableName(for: name)
            if let other = variables.updateValue(name, forKey: variable) {
                report.error(
                    at: port.name.location, "the ports `\(other)` and `\(name)` are both handed over as \(variable)",
                    remedy: "rename one of them")
            }
        }
        for listener in service.entry.draft.listeners?.value ?? [] {
            if service.spec.ports.contains(where: { $0.name == listener.name.value }) {
                report.error(
                    at: listener.name.location, "`\(listener.name.value)` names a listener and a port",
                    remedy: "rename one of them")
            }
        }
    }

    private static func checkReferences(of service: ResolvingService, report: inout Report) {
        let draft = service.entry.draft
        if service.entry.isFaulty("ports", draft.ports) { return }
        let ports = service.spec.ports.map(\.name)
        let listeners = service.spec.listeners.filter(\.isTCP).map(\.name)
        for reference in service.entry.references {
            let candidates: [String]
            let written: String
            switch reference.kind {
            case .portTemplate: (candidates, written) = (ports, "${port.\(reference.name)}")
            case .probePort:
                if service.entry.isFaulty("listen", draft.listeners) { continue }
                (candidates, written) = (ports + listeners, reference.name)
            }
            guard !candidates.contains(reference.name) else { continue }
            let near = suggestion(for: reference.name, among: candidates)
            report.error(
                at: reference.location, "`\(written.shortened)` leads to no port of `\(service.spec.name)`",
                remedy: near.map { "did you mean `\($0)`?" } ?? "add it: `ports: {\(reference.name.shortened): auto}`")
        }
    }

    /// The daemon holds a listener for all replicas, so what connects to it may reach any of them, or only the kernel.
    private static func checkProbes(of service: ResolvingService, report: inout Report) {
        let probes = service.entry.draft.probes?.value
        for probe in [probes?.startup, probes?.readiness, probes?.liveness].compactMap({ $0 }) {
            guard let handler = probe.value.handlers.first, let port = handler.value.port,
                let listener = service.spec.listeners.first(where: { $0.isReached(by: port) })
            else { continue }
            if handler.value.onlyConnects {
                report.warning(
                    at: handler.location,
                    "the probe proves nothing: stackd itself holds the listener `\(listener.name)`",
                    remedy: "use `http`, `exec` or `notify`")
            } else if service.spec.replicas > 1 {
                report.warning(
                    at: handler.location,
                    "all replicas share the listener `\(listener.name)`, so any of them may answer the probe",
                    remedy: "give each replica a port of its own: `ports: {admin: auto}`")
            }
        }
    }
}

extension ResolvingService {
    /// Where directories stand for themselves, so that equal texts mean equal paths.
    fileprivate var pathContext: Template.Context {
        Template.Context(
            stateDirectory: "${state_dir}", runDirectory: "${run_dir}",
            replica: ReplicaID(service: spec.name, index: 0))
    }
}

extension ListenerSpec {
    fileprivate var isTCP: Bool {
        switch address {
        case .tcp: true
        case .unix: false
        }
    }

    fileprivate func isReached(by probe: ProbePort) -> Bool {
        switch (address, probe) {
        case (.tcp, .named(let name)): name == self.name
        case (.tcp(_, let port), .number(let number)): port == number
        case (.unix, _): false
        }
    }
}

extension HandlerDraft {
    /// The port that it connects to.
    fileprivate var port: ProbePort? {
        guard case .complete(let handler) = self else { return nil }
        switch handler {
        case .http(let probe): return probe.port
        case .tcp(_, let port), .grpc(_, let port, _), .listening(let port): return port
        case .mcp(let probe):
            guard case .http(_, let port, _) = probe.transport else { return nil }
            return port
        case .exec, .unix, .log, .notify: return nil
        }
    }

    /// It asks nothing of what it connects to.
    fileprivate var onlyConnects: Bool {
        guard case .complete(let handler) = self else { return false }
        switch handler {
        case .tcp, .listening: return true
        case .exec, .http, .unix, .grpc, .log, .notify, .mcp: return false
        }
    }
}

/// The TCP ports that services bind, by their numbers.
private struct PortClaims {
    private struct Claim {
        /// Nil where the program itself decides.
        let host: String?
        let owner: ServiceName
        let location: SourceLocation
    }

    private var claims: [UInt16: [Claim]] = [:]

    mutating func add(
        _ port: UInt16, host: String?, owner: ServiceName, at location: SourceLocation, report: inout Report
    ) {
        if let other = claims[port]?.first(where: { Self.overlap($0.host, host) }) {
            let owners =
                other.owner == owner
                ? "`\(owner)` binds port \(port) twice"
                : "`\(other.owner)` and `\(owner)` both bind port \(port)"
            report.error(at: location, "\(owners), first at \(other.location)", remedy: "give one of them another port")
        }
        claims[port, default: []].append(Claim(host: host, owner: owner, location: location))
    }

    /// Whether a port can be bound on only one of the two: the same address, or one that stands for all.
    private static func overlap(_ left: String?, _ right: String?) -> Bool {
        guard let left = left.map(canonical), let right = right.map(canonical) else { return true }
        if left == right || left == "::" || right == "::" { return true }
        if left == "localhost" || right == "localhost" {
            return [left, right].contains { ["0.0.0.0", "127.0.0.1", "::1"].contains($0) }
        }
        let areBothIPv4 = NetworkAddress.isIPv4(left) && NetworkAddress.isIPv4(right)
        return areBothIPv4 && (left == "0.0.0.0" || right == "0.0.0.0")
    }

    /// IPv6 addresses have many spellings; this is the shortest.
    private static func canonical(_ host: String) -> String {
        var address = in6_addr()
        guard inet_pton(AF_INET6, host, &address) == 1 else { return host }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return host }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
