import StackModel

/// What a service's texts refer to: every name must lead to something of the same service.
enum ReferenceChecks {
    static func check(_ service: ResolvingService, report: inout Report) {
        for reference in service.entry.references {
            switch reference.kind {
            case .onlyRoute:
                checkOnlyRoute(reference, of: service, &report)
                continue
            case .onlyPort:
                checkOnlyPort(reference, of: service, &report)
                continue
            case .portTemplate, .probePort, .port, .listenerTemplate, .secretTemplate, .route: break
            }
            let target = service.target(of: reference)
            guard !target.isFaulty, !target.names.contains(reference.name) else { continue }
            let near = suggestion(for: reference.name, among: target.names)
            report.error(
                at: reference.location,
                "`\(target.written.shortened)` leads to no \(target.thing) of `\(service.spec.name)`",
                remedy: near.map { "did you mean `\($0)`?" } ?? "add it: `\(target.addition)`")
        }
    }

    private static func checkOnlyRoute(
        _ reference: Report.Reference, of service: ResolvingService, _ report: inout Report
    ) {
        let routes = service.spec.routes
        guard routes.count != 1, !service.entry.isFaulty("route", service.entry.draft.routes) else { return }
        report.error(
            at: reference.location,
            "`\(service.spec.name)` has \(routes.isEmpty ? "no route" : "several routes, and the metric names none")",
            remedy: routes.first.map { "name one: `route: {name: \($0.name), value: …}`" }
                ?? "add one: `route: {http: \"127.0.0.1:8080\"}`")
    }

    private static func checkOnlyPort(
        _ reference: Report.Reference, of service: ResolvingService, _ report: inout Report
    ) {
        let ports = service.spec.ports
        guard ports.count != 1, !service.entry.isFaulty("ports", service.entry.draft.ports) else { return }
        report.error(
            at: reference.location,
            "`\(service.spec.name)` has \(ports.isEmpty ? "no port" : "several ports, and the metric names none")",
            remedy: ports.first.map { "name one: `port: \($0.name)`" } ?? "add one: `ports: {metrics: auto}`")
    }
}

/// What a reference may lead to.
private struct ReferenceTarget {
    var names: [String]
    /// The key that gives them has a fault, so that nothing may be concluded.
    var isFaulty: Bool
    /// The reference as the file has it.
    var written: String
    var thing: String
    /// What would make it right.
    var addition: String
}

extension ResolvingService {
    fileprivate func target(of reference: Report.Reference) -> ReferenceTarget {
        let (name, draft) = (reference.name, entry.draft)
        let arePortsFaulty = entry.isFaulty("ports", draft.ports)
        let areListenersFaulty = entry.isFaulty("listen", draft.listeners)
        switch reference.kind {
        case .portTemplate, .port, .onlyPort:
            return ReferenceTarget(
                names: spec.ports.map(\.name), isFaulty: arePortsFaulty,
                written: reference.kind == .portTemplate ? "${port.\(name)}" : name, thing: "port",
                addition: "ports: {\(name.shortened): auto}")
        case .probePort:
            return ReferenceTarget(
                names: spec.ports.map(\.name) + spec.listeners.filter(\.isTCP).map(\.name),
                isFaulty: arePortsFaulty || areListenersFaulty, written: name, thing: "port",
                addition: "ports: {\(name.shortened): auto}")
        case .listenerTemplate:
            return ReferenceTarget(
                names: spec.listeners.map(\.name), isFaulty: areListenersFaulty, written: "${listen.\(name).fd}",
                thing: "listener", addition: "listen: {\(name.shortened): …}")
        case .secretTemplate:
            return ReferenceTarget(
                names: draft.secrets?.value.map(\.value) ?? [], isFaulty: entry.isFaulty("secrets", draft.secrets),
                written: "${secret.\(name)}", thing: "secret", addition: "secrets: [\(name.shortened)]")
        case .route, .onlyRoute:
            return ReferenceTarget(
                names: spec.routes.map(\.name), isFaulty: entry.isFaulty("route", draft.routes), written: name,
                thing: "route", addition: "route: {\(name.shortened): …}")
        }
    }
}

extension ListenerSpec {
    fileprivate var isTCP: Bool {
        switch address {
        case .tcp: true
        case .udp, .unix, .abstract: false
        }
    }
}
