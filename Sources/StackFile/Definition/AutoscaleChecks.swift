import StackModel

/// What is measured of a service must be there, and what is down to none must be found again.
enum AutoscaleChecks {
    static func check(_ service: ResolvingService, report: inout Report) {
        guard let draft = service.entry.draft.autoscale, let spec = service.spec.autoscale else { return }
        for metric in draft.value.metrics?.value ?? [] {
            checkMeasured(metric, of: service, report: &report)
        }
        guard spec.minimum == 0, let minimum = draft.value.minimum else { return }
        checkWaker(of: service, spec, at: minimum.location, report: &report)
    }

    private static func checkMeasured(
        _ metric: Located<LoadMetric>, of service: ResolvingService, report: inout Report
    ) {
        switch (metric.value.source, metric.value.target) {
        case (.memory, .utilization) where service.spec.resources.memoryRequest == nil:
            guard !service.hasFaultyMemory else { return }
            report.error(
                at: metric.location, "the percentage is of the memory that `resources` gives, and that has no limit",
                remedy: "add `resources: {memory: 1G}`, or write a size: `{memory: 512M}`")
        case (.acceptQueue, _), (.connections, _):
            guard service.spec.ports.isEmpty, !service.spec.listeners.contains(where: \.isStream),
                !service.hasFaultyEndpoints
            else { return }
            report.error(
                at: metric.location, "nobody connects to `\(service.spec.name)`: it has no `listen` and no `ports`",
                remedy: "add the address that it serves: `listen: {http: \"127.0.0.1:8000\"}`")
        case (.cpu, _), (.memory, _), (.prometheus, _), (.route, _), (.command, _): break
        }
    }

    private static func checkWaker(
        of service: ResolvingService, _ spec: AutoscaleSpec, at location: SourceLocation, report: inout Report
    ) {
        guard !service.hasFaultyEndpoints else { return }
        let datagrams = service.entry.draft.listeners?.value.first { $0.value.value.address.type == .datagram }
        if let datagrams {
            report.error(
                at: location,
                "nobody can tell who still uses the datagrams of `\(datagrams.name.value)` (at "
                    + "\(datagrams.name.location)), so the service cannot go down to none",
                remedy: "let `min` be 1 or more")
        } else if service.spec.listeners.isEmpty, service.spec.routes.isEmpty,
            !spec.metrics.contains(where: \.isOfWholeService)
        {
            report.error(
                at: location, "nothing brings `\(service.spec.name)` back from none",
                remedy: "give it a `listen` or a `route`, a `command` among its `metrics`, or a `min` of 1")
        }
    }
}

extension ListenerSpec {
    fileprivate var isStream: Bool { address.type == .stream }
}

extension ListenerSpec.Address {
    fileprivate var type: ListenerSpec.UnixType {
        switch self {
        case .tcp: .stream
        case .udp: .datagram
        case .unix(_, let type), .abstract(_, let type): type
        }
    }
}

extension LoadMetric {
    /// It can be measured while there is no replica.
    fileprivate var isOfWholeService: Bool {
        switch source {
        case .route, .command: true
        case .cpu, .memory, .acceptQueue, .connections, .prometheus: false
        }
    }
}

extension ResolvingService {
    fileprivate var hasFaultyEndpoints: Bool {
        let draft = entry.draft
        return entry.isFaulty("ports", draft.ports) || entry.isFaulty("listen", draft.listeners)
            || entry.isFaulty("route", draft.routes) || entry.isFaulty("autoscale", draft.autoscale)
    }

    /// A limit of its memory is given, with a fault.
    fileprivate var hasFaultyMemory: Bool {
        let draft = entry.draft
        let memory = entry.node["resources"]?["memory"] ?? entry.node["resources"]?["memory_reservation"]
        return entry.isFaulty("resources", draft.resources) || memory != nil
            || entry.node["mem_limit"] != nil && draft.composeResources.memory == nil
            || entry.node["mem_reservation"] != nil && draft.composeResources.memoryReservation == nil
            || entry.isFaulty("deploy", draft.deploy)
    }
}
