import StackModel

extension ServiceEntry {
    /// How it is scaled on load; nil where it is not.
    var autoscale: AutoscaleSpec? {
        guard let given = draft.autoscale?.value, let maximum = given.maximum?.value else { return nil }
        let standard = AutoscaleSpec(maximum: maximum, metrics: [])
        let behavior = given.behavior?.value ?? ScalingBehaviorDraft()
        return AutoscaleSpec(
            minimum: given.initialReplicas, maximum: maximum,
            metrics: (given.metrics?.value ?? []).map { naming($0.value) },
            interval: given.interval?.value ?? standard.interval,
            scaleUp: behavior.scaleUp, scaleDown: behavior.scaleDown,
            processorInitializationPeriod: given.processorInitializationPeriod?.value
                ?? standard.processorInitializationPeriod,
            initialReadinessDelay: given.initialReadinessDelay?.value ?? standard.initialReadinessDelay,
            idleAfter: given.idleAfter?.value ?? standard.idleAfter,
            pressure: given.pressure?.value ?? standard.pressure,
            overcommit: given.overcommit?.value ?? standard.overcommit)
    }

    /// A metric that names no route or no port is about the only one.
    private func naming(_ metric: LoadMetric) -> LoadMetric {
        var metric = metric
        switch metric.source {
        case .route("", let statistic):
            metric.source = .route(name: draft.routes?.value.first?.name.value ?? "", statistic)
        case .prometheus(var source) where source.port.isEmpty:
            source.port = draft.ports?.value.first?.name.value ?? ""
            metric.source = .prometheus(source)
        case .cpu, .memory, .acceptQueue, .connections, .prometheus, .route, .command: break
        }
        return metric
    }
}

extension ServiceSpec {
    /// As many as the file or its autoscaler may want; a person may want more.
    var mostReplicas: Int { max(replicas, autoscale?.maximum ?? 0) }
}
