import StackModel

/// Routes: each must lead to a port, and no request may be for two of them.
enum RouteChecks {
    /// What a request is told apart by.
    private struct Rule: Hashable {
        var host: String
        var port: UInt16
        var requestHost: String?
        var path: String?

        var text: String {
            let place = NetworkAddress.text(host: host, port: port)
            switch (requestHost, path) {
            case (nil, nil): return "every request to \(place) that no other rule takes"
            case (let host?, nil): return "the host `\(host)` at \(place)"
            case (nil, let path?): return "the path `\(path)` at \(place)"
            case (let host?, let path?): return "`\(host)\(path)` at \(place)"
            }
        }
    }

    static func check(_ services: [ResolvingService], report: inout Report) {
        var rules: [Rule: (service: ServiceName, location: SourceLocation)] = [:]
        for service in services {
            if service.spec.name == .router {
                report.error(
                    at: service.location, "`\(ServiceName.router)` is the name of stackd's own HAProxy",
                    remedy: "give the service another name")
            }
            for route in service.entry.draft.routes?.value ?? [] {
                checkTarget(of: route, service, report: &report)
                guard route.value.mode == .http else { continue }
                for rule in Self.rules(of: route.value) {
                    if let first = rules[rule] {
                        report.error(
                            at: route.name.location,
                            "\(rule.text) is routed twice, first to `\(first.service)` at \(first.location)",
                            remedy: "tell them apart by `host` and `path`, or give one of them another port")
                    } else {
                        rules[rule] = (service.spec.name, route.name.location)
                    }
                }
            }
        }
    }

    private static func rules(of route: RouteDraft) -> [Rule] {
        guard case .tcp(let host, let port) = route.listen.value else { return [] }
        let hosts = route.hosts.isEmpty ? [nil] : route.hosts.map { Optional($0) }
        let paths = route.paths.isEmpty ? [nil] : route.paths.map { Optional($0) }
        return hosts.flatMap { requestHost in
            paths.map { path in
                Rule(host: host, port: port, requestHost: requestHost, path: path)
            }
        }
    }

    private static func checkTarget(
        of route: NamedValue<RouteDraft>, _ service: ResolvingService, report: inout Report
    ) {
        guard !service.entry.isFaulty("ports", service.entry.draft.ports) else { return }
        let ports = service.spec.ports.map(\.name)
        if let target = route.value.target {
            guard !ports.contains(target.value) else { return }
            let near = suggestion(for: target.value, among: ports)
            report.error(
                at: target.location, "`\(target.value)` is no port of `\(service.spec.name)`",
                remedy: near.map { "did you mean `\($0)`?" } ?? "add it: `ports: {\(target.value): auto}`")
        } else if ports.isEmpty {
            report.error(
                at: route.name.location, "the route leads nowhere: `\(service.spec.name)` has no `ports`",
                remedy: "add one that its program binds, such as `ports: {\(route.name.value): auto}`")
        } else if ports.count > 1 {
            report.error(
                at: route.name.location,
                "`\(service.spec.name)` has several ports, and the route does not say to which of them it leads",
                remedy: "add `to: \(ports[0])`")
        }
    }
}
