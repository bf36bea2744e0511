import StackModel

extension ServiceEntry {
    /// The service by itself, without what only the other services tell: its dependencies' conditions, the default of
    /// its restarts, and its revision.
    func spec(
        named name: ServiceName, at location: SourceLocation, directory: String, report: inout Report
    ) -> ServiceSpec {
        checkSchedule(report: &report)
        let process = process(of: Located(name.text, at: location), report: &report)
        let probes = probes(command: process.command, report: &report)
        let restart = restart(report: &report)
        let notify = draft.notify?.value ?? false
        let hasOwnStartup = draft.probes?.value.startup != nil
        let replicas = replicas(report: &report)
        return ServiceSpec(
            name: name,
            process: process,
            replicas: replicas,
            listeners: (draft.listeners?.value ?? []).map { listener in
                let draft = listener.value.value
                return ListenerSpec(name: listener.name.value, address: draft.address, options: draft.options)
            }.sorted { $0.name < $1.name },
            ports: (draft.ports?.value ?? []).map { PortSpec(name: $0.name.value, assignment: $0.value.value) }
                .sorted { $0.name < $1.name },
            notify: notify,
            probes: probes,
            startTimeout: draft.startTimeout.map(\.value.duration) ?? (notify && !hasOwnStartup ? .seconds(90) : nil),
            watchdog: draft.watchdog?.value,
            restart: RestartSpec(
                mode: restart?.mode ?? (draft.schedule == nil ? .onFailure(maximumRetries: nil) : .no),
                backoff: restart?.backoff ?? .init(),
                budget: restart?.budget),
            stop: stop,
            logging: draft.logging?.value ?? LogSpec(),
            schedule: draft.schedule?.value,
            watches: (draft.watches?.value ?? []).map { watch in
                var watch = watch
                watch.path = Paths.join(directory, watch.path)
                return watch
            },
            routes: routes(report: &report),
            rollout: rollout(
                replicas: replicas, hasReadiness: notify || probes.readiness != nil || probes.startup != nil,
                report: &report),
            secrets: secrets(report: &report),
            onSecretChange: draft.secretChange?.value ?? .rollout,
            resources: resources(report: &report),
            autoscale: autoscale)
    }

    private var stop: StopSpec {
        let standard = StopSpec()
        return StopSpec(
            preStop: draft.preStop?.value,
            drain: draft.drain?.value ?? standard.drain,
            signal: draft.stopSignal?.value ?? standard.signal,
            gracePeriod: draft.gracePeriod?.value ?? standard.gracePeriod)
    }

    /// The file says itself when to restart.
    var hasRestartMode: Bool {
        draft.restart?.value.mode != nil || draft.deploy?.value.restartPolicy?.value.mode != nil
            || isFaulty("restart", draft.restart)
    }

    private func restart(report: inout Report) -> RestartDraft? {
        let policy = draft.deploy?.value.restartPolicy
        if let restart = draft.restart, let policy {
            report.error(
                at: restart.location, "`restart` and `deploy.restart_policy` (at \(policy.location)) are both given",
                remedy: "keep one of them")
        }
        return draft.restart?.value ?? policy?.value
    }

    private func replicas(report: inout Report) -> Int {
        let given = [
            ("replicas", draft.replicas), ("scale", draft.scale), ("deploy.replicas", draft.deploy?.value.replicas),
        ].compactMap { name, value in value.map { (name: name, count: $0) } }
        guard let first = given.first else { return draft.autoscale?.value.initialReplicas ?? 1 }
        for other in given.dropFirst() where other.count.value != first.count.value {
            report.error(
                at: other.count.location,
                "`\(other.name)` is \(other.count.value), but `\(first.name)` (at \(first.count.location)) is "
                    + "\(first.count.value)",
                remedy: "keep one of them")
        }
        if let bounds = draft.autoscale?.value.bounds, !bounds.contains(first.count.value) {
            report.error(
                at: first.count.location, "`\(first.name)` is not between `min` and `max` of `autoscale`",
                remedy: "it is a number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return first.count.value
    }

    private func probes(command: [Template], report: inout Report) -> ProbeSet {
        let given = draft.probes?.value
        var probes = ProbeSet(
            startup: given?.startup?.value.resolved(command: command),
            readiness: given?.readiness?.value.resolved(command: command),
            liveness: given?.liveness?.value.resolved(command: command))
        guard let healthcheck = draft.healthcheck, let check = healthcheck.value else { return probes }
        if given?.readiness != nil {
            report.error(
                at: healthcheck.location, "`healthcheck` and `probes.readiness` both tell the readiness",
                remedy: "keep one of them")
        }
        if let startup = check.startup, given?.startup != nil {
            report.error(
                at: startup.location, "`start_period` and `probes.startup` both tell what a start may take",
                remedy: "keep one of them")
        }
        probes.readiness = check.readiness
        probes.startup = probes.startup ?? check.startup?.value
        return probes
    }
}
