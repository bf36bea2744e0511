import StackModel

/// Ports and sockets: no two of them may be the same.
enum EndpointChecks {
    static func check(_ services: [ResolvingService], report: inout Report) {
        var claims = AddressClaims()
        for service in services {
            checkNames(of: service, report: &report)
            ReferenceChecks.check(service, report: &report)
            ProbeChecks.check(service, report: &report)
            AutoscaleChecks.check(service, report: &report)
            claim(of: service, &claims, report: &report)
        }
        RouteChecks.check(services, report: &report)
    }

    private static func claim(of service: ResolvingService, _ claims: inout AddressClaims, report: inout Report) {
        let draft = service.entry.draft
        for port in draft.ports?.value ?? [] {
            guard case .fixed(let number) = port.value.value else { continue }
            checkSingle(port.value.location, number: number, of: service, report: &report)
            claims.add(number, of: service.spec.name, at: port.value.location, report: &report)
        }
        for listener in draft.listeners?.value ?? [] {
            let (listener, location) = (listener.value.value, listener.value.location)
            claims.add(
                listener.address, of: service.spec.name, sharing: listener.options.reusesPort ? .reusers : .nothing,
                context: service.pathContext, at: location, report: &report)
        }
        for route in draft.routes?.value ?? [] {
            claims.add(
                route.value.listen.value, of: service.spec.name, sharing: .routes(route.value.mode),
                context: service.pathContext, at: route.value.listen.location, report: &report)
        }
    }

    private static func checkSingle(
        _ location: SourceLocation, number: UInt16, of service: ResolvingService, report: inout Report
    ) {
        let replicas = service.spec.mostReplicas
        guard replicas > 1 else { return }
        report.error(
            at: location, "\(replicas) replicas of `\(service.spec.name)` cannot all bind port \(number)",
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
}

extension ResolvingService {
    /// Where directories stand for themselves, so that equal texts mean equal paths.
    fileprivate var pathContext: Template.Context {
        Template.Context(
            stateDirectory: "${state_dir}", runDirectory: "${run_dir}",
            replica: ReplicaID(service: spec.name, index: 0))
    }
}
