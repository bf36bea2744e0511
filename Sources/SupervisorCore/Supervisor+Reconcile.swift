import StackModel

/// Bringing what is towards what is wanted, one service at a time.
extension Supervisor {
    mutating func reconcile(_ index: Int) {
        guard services[index].membership != .vacant else { return }
        pruneReplicas(of: index)
        forgetFormerDependencies(of: index)
        fitListeners(of: index)
        fitAutoscaler(of: index)
        noteAvailability(of: index)
        noteProof(of: index)
        if let descent = services[index].descent {
            lower(index, descent)
        } else {
            raise(index)
        }
    }

    // MARK: Down

    /// Ends the service's instances once no dependent that goes down too has one.
    private mutating func lower(_ index: Int, _ descent: Service.Descent) {
        let holder = descent.immediately ? nil : descendingDependent(of: index)
        for position in services[index].rows {
            if let holder, replicas[position].hasInstance {
                let name = services[holder].name
                changeReplica(position) { $0.holdStop(for: name, in: &$1) }
            } else {
                changeReplica(position) {
                    $0.stop(
                        descent.cause, immediately: descent.immediately, grace: descent.grace, causedBy: descent.event,
                        in: &$1)
                }
            }
        }
        guard !hasInstance(index) else { return }
        concludeRun(of: index)
        if !services[index].isScheduled { services[index].runs = RunBook() }
        if !services[index].isListed {
            vanish(index)
        } else if descent.isRestart {
            let next = services[index].runs.current
            services[index].descent = nil
            services[index].downSince = nil
            ascend(index, again: true, run: descent.run, causedBy: descent.event)
            if let next { beginRun(of: index, next, causedBy: descent.event) }
        }
    }

    func hasInstance(_ index: Int) -> Bool {
        services[index].replicas.contains { replicas[$0].hasInstance }
            || services[index].outgoing.contains { replicas[$0].hasInstance }
            || services[index].incoming.contains { replicas[$0].hasInstance }
    }

    // MARK: Up

    private mutating func raise(_ index: Int) {
        guard services[index].desired == .running else { return }
        concludeRun(of: index)
        advanceRollout(of: index)
        let obstacle = obstacle(of: index)
        for position in services[index].present {
            if case .unstartable = replicas[position].state {
                if case .never = obstacle { continue }
                changeReplica(position) { $0.reconsider(in: &$1) }
            }
            guard case .waiting = replicas[position].state else { continue }
            switch obstacle {
            case nil:
                spawn(position, of: index)
            case .hold(let hold):
                changeReplica(position) { $0.hold(by: hold, in: &$1) }
            case .never(let name, let condition, let cause):
                changeReplica(position) { $0.fail(because: name, condition, causedBy: cause, in: &$1) }
            }
        }
    }

    enum Obstacle {
        case hold(Replica.Hold)
        case never(ServiceName, DependencySpec.Condition, cause: EventID?)
    }

    /// What keeps the service's instances from being made: first what can never be, then what may yet come.
    func obstacle(of index: Int) -> Obstacle? {
        let unmet = services[index].dependencies.filter { !holds($0) }
        // A run waits, also for what is to be repaired: another may be due by then.
        if !services[index].isScheduled, let never = unmet.first(where: { canNeverHold($0) }) {
            let failed = services[never.service].replicas.first { replicas[$0].hasFailed || replicas[$0].hasCompleted }
            return .never(never.name, never.condition, cause: failed.flatMap { replicas[$0].lastEvent?.id })
        }
        if let first = unmet.first { return .hold(.dependency(first.name, first.condition)) }
        return services[index].listeners == .open ? nil : .hold(.listeners)
    }

    // MARK: Conditions

    /// Level-triggered: whether the condition is true now. A service on its way down satisfies none.
    private func holds(_ dependency: Service.Dependency) -> Bool {
        let service = services[dependency.service]
        // Where none of its replicas is wanted, all have completed, but not if it was never asked to.
        guard service.descent == nil, service.desired == .running else { return false }
        switch dependency.condition {
        case .started:
            return service.replicas.contains { replicas[$0].isRunning || replicas[$0].hasCompleted }
                || service.incoming.contains { replicas[$0].isRunning } || isOnDemand(dependency.service)
        case .healthy:
            return isAvailable(dependency.service) || isOnDemand(dependency.service)
        case .completedSuccessfully:
            if service.isScheduled { return service.runs.hasSucceeded }
            return wantedReplicas(of: dependency.service).allSatisfy { replicas[$0].hasCompleted }
        }
    }

    /// The condition cannot come true unless somebody intervenes.
    private func canNeverHold(_ dependency: Service.Dependency) -> Bool {
        let service = services[dependency.service]
        let wanted = wantedReplicas(of: dependency.service)
        // The next run of a scheduled service may be better than the last.
        guard service.descent == nil, !service.isScheduled, !wanted.isEmpty else { return false }
        switch dependency.condition {
        case .started:
            return wanted.allSatisfy { replicas[$0].hasFailed }
        case .healthy:
            return wanted.allSatisfy { replicas[$0].hasFailed || replicas[$0].hasCompleted }
        case .completedSuccessfully:
            return wanted.contains { replicas[$0].hasFailed }
        }
    }

    /// The first dependency that the service needs while it runs and that is down, with the root cause of that.
    func brokenDependency(of index: Int) -> (name: ServiceName, rootCause: EventID?)? {
        guard
            let broken = services[index].dependencies.first(where: {
                $0.condition != .completedSuccessfully && !holds($0)
            })
        else { return nil }
        return (broken.name, services[broken.service].downSince)
    }

    /// At least one of its replicas is ready.
    private func isAvailable(_ index: Int) -> Bool {
        services[index].replicas.contains { replicas[$0].isReady }
            || services[index].incoming.contains { replicas[$0].isReady }
    }

    // MARK: Root causes

    /// Its instance gives way to one of another revision, and is not ready for that.
    private func isBeingReplaced(_ position: Int) -> Bool {
        replicas[position].instance.map { $0.isEnding && $0.revision !== replicas[position].revision } ?? false
    }

    /// Tells when a service stops being available of itself, unless that has a root cause that is told already.
    private mutating func noteAvailability(of index: Int) {
        let service = services[index]
        // One that is scheduled comes and goes by design.
        guard !service.isScheduled else { return }
        let isReady = isAvailable(index)
        if isReady, service.revision.isAutoscaled { services[index].scaling?.isWaking = false }
        let isAvailable = isReady || isOnDemand(index)
        defer { services[index].wasAvailable = isAvailable }
        if isAvailable, service.downSince != nil, service.descent == nil {
            services[index].downSince = nil
            context.publish(.serviceAvailableAgain, about: .service(service.name), cause: service.downSince)
        } else if !isAvailable, service.wasAvailable, service.downSince == nil, service.descent == nil,
            !service.replicas.allSatisfy({ replicas[$0].hasCompleted })
        {
            if service.wantedReplicas == 0 {
                services[index].downSince = service.scaledBy
            } else if let rollout = service.rollout, service.replicas.contains(where: { isBeingReplaced($0) }) {
                services[index].downSince = rollout.lastEvent.id
            } else if let broken = brokenDependency(of: index), let rootCause = broken.rootCause {
                services[index].downSince = rootCause
            } else {
                let cause = service.replicas.first { !replicas[$0].isReady }.flatMap { replicas[$0].lastEvent?.id }
                services[index].downSince =
                    context.publish(.serviceDown, about: .service(service.name), cause: cause).id
            }
        }
    }
}
