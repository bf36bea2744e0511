import StackModel

extension ServiceEntry {
    /// Reports what makes no sense of a program that runs by a schedule and ends: to be restarted for ever, to be
    /// more than one, and to be there for others.
    func checkSchedule(report: inout Report) {
        guard node["schedule"] != nil else { return }
        checkReplicasOfSchedule(&report)
        let restart = draft.restart ?? draft.deploy?.value.restartPolicy
        switch restart?.value.mode {
        case .always, .unlessStopped:
            report.error(
                at: restart?.location, "a scheduled service ends, and is not restarted but by its schedule",
                remedy: "use `restart: \"no\"` or `on-failure`, or leave out the `schedule`")
        case .no, .onFailure, nil: break
        }
        if let listeners = draft.listeners, !listeners.value.isEmpty {
            report.error(
                at: listeners.location, "nobody accepts from a scheduled service's sockets between its runs",
                remedy: "leave out `listen`, or the `schedule`")
        }
        if let routes = draft.routes, !routes.value.isEmpty {
            report.error(
                at: routes.location, "nobody answers a scheduled service's requests between its runs",
                remedy: "leave out `route`, or the `schedule`")
        }
        let rollouts: [(key: String, location: SourceLocation?)] = [
            ("rollout", draft.rollout?.location), ("deploy.update_config", draft.deploy?.value.update?.location),
            ("deploy.rollback_config", draft.deploy?.value.rollback?.location),
        ]
        for (key, location) in rollouts {
            guard let location else { continue }
            report.error(
                at: location, "a scheduled service's next run is the new one, so `\(key)` has no meaning for it",
                remedy: "leave it out")
        }
        let readiness: [(key: String, location: SourceLocation?)] = [
            ("probes.readiness", draft.probes?.value.readiness?.location), ("healthcheck", draft.healthcheck?.location),
            ("notify", draft.notify.flatMap { $0.value ? $0.location : nil }),
            ("watchdog", draft.watchdog?.location),
        ]
        for (key, location) in readiness {
            guard let location else { continue }
            report.error(
                at: location, "a scheduled service serves nobody, so `\(key)` has no meaning for it",
                remedy: "leave it out; a liveness probe ends a run that hangs")
        }
    }

    private func checkReplicasOfSchedule(_ report: inout Report) {
        for count in [draft.replicas, draft.scale, draft.deploy?.value.replicas] {
            guard let count, count.value != 1 else { continue }
            report.error(
                at: count.location, "a scheduled service has one replica, whose runs follow each other",
                remedy: "leave out the number of replicas, or the `schedule`")
        }
        if let autoscale = draft.autoscale {
            report.error(
                at: autoscale.location, "a scheduled service has one replica, so it cannot be scaled",
                remedy: "leave out `autoscale`, or the `schedule`")
        }
    }
}
