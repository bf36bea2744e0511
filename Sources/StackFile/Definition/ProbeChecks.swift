import StackModel

/// Probes: each must tell of the one instance that it is run for.
enum ProbeChecks {
    static func check(_ service: ResolvingService, report: inout Report) {
        let probes = service.entry.draft.probes?.value
        for probe in [probes?.startup, probes?.readiness, probes?.liveness].compactMap({ $0 }) {
            guard let handler = probe.value.handlers.first else { continue }
            checkCommand(of: handler, service, report: &report)
            guard let port = handler.value.port else { continue }
            if let listener = service.spec.listeners.first(where: { $0.isReached(by: port) }) {
                checkReach(of: handler, listener, service, report: &report)
            } else if let route = service.spec.routes.first(where: { $0.isReached(by: port) }) {
                report.warning(
                    at: handler.location,
                    "the route `\(route.name)` leads to whichever replica is ready, so it never leads to a first one",
                    remedy: "name the port at which the replica itself answers: `\(route.port)`")
            }
        }
    }

    /// The daemon holds a listener for all instances, so what connects to it may reach any of them, or only the kernel.
    private static func checkReach(
        of handler: Located<HandlerDraft>, _ listener: ListenerSpec, _ service: ResolvingService, report: inout Report
    ) {
        if handler.value.onlyConnects {
            report.warning(
                at: handler.location, "the probe proves nothing: stackd itself holds the listener `\(listener.name)`",
                remedy: "use `http`, `exec` or `notify`")
        } else if service.spec.mostReplicas > 1 {
            report.warning(
                at: handler.location,
                "all replicas share the listener `\(listener.name)`, so any of them may answer the probe",
                remedy: "give each replica a port of its own: `ports: {admin: auto}`")
        } else if !service.spec.rollout.pace.maxSurge.isNone {
            report.warning(
                at: handler.location,
                "in a rollout the old instance shares the listener `\(listener.name)`, "
                    + "and may answer the new one's probe",
                remedy: "give each a port of its own: `ports: {admin: auto}`, or use `rollout: {order: stop-first}`")
        }
    }

    /// The service's own command, run for a probe, has none of the service's sockets.
    private static func checkCommand(
        of handler: Located<HandlerDraft>, _ service: ResolvingService, report: inout Report
    ) {
        guard case .ownCommandAsMCP = handler.value else { return }
        let names = service.spec.process.command.flatMap(\.parts).compactMap { part -> String? in
            guard case .listenerDescriptor(let name) = part else { return nil }
            return name
        }
        guard let name = names.first else { return }
        report.error(
            at: handler.location, "the command has `${listen.\(name).fd}`, and a probe inherits no socket",
            remedy: "name a command of the probe's own")
    }
}

extension ListenerSpec {
    fileprivate func isReached(by probe: ProbePort) -> Bool {
        switch (address, probe) {
        case (.tcp, .named(let name)): name == self.name
        case (.tcp(_, let port), .number(let number)): port == number
        case (.udp, _), (.unix, _), (.abstract, _): false
        }
    }
}

extension RouteSpec {
    fileprivate func isReached(by probe: ProbePort) -> Bool {
        guard case .tcp(_, let port) = listen, case .number(let number) = probe else { return false }
        return port == number
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
