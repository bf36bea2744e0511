public import StackModel

/// What the core can say about itself.
extension Supervisor {
    /// Every service that should run is ready, and every one that should complete has. Cheaper than a snapshot.
    public var isReady: Bool {
        order.allSatisfy { index in
            switch services[index].desired {
            case .running:
                services[index].isScheduled
                    || wantedReplicas(of: index).allSatisfy { replicas[$0].isReady || replicas[$0].hasCompleted }
            case .stopped: !hasInstance(index)
            }
        }
    }

    /// Nothing runs, and nothing should.
    public var isStopped: Bool {
        order.allSatisfy { services[$0].desired == .stopped } && replicas.allSatisfy { !$0.hasInstance }
    }

    public func snapshot() -> StackSnapshot {
        StackSnapshot(services: order.map { snapshot(of: services[$0]) })
    }

    private func snapshot(of service: Service) -> ServiceSnapshot {
        let index = index(of: service.name)
        return ServiceSnapshot(
            name: service.name, desired: service.desired, revision: service.revision.spec.revision,
            dependencies: service.spec.dependencies, wantedReplicas: service.isListed ? service.wantedReplicas : 0,
            scaling: scalingSnapshot(of: service, index),
            replicas: inOrder(service).map { snapshot(of: replicas[$0], of: service) },
            schedule: service.spec.schedule, runs: service.runs.all,
            rollout: index.flatMap { index in service.rollout?.snapshot(view(of: index), of: service) },
            history: service.history.records)
    }

    private func scalingSnapshot(of service: Service, _ index: Int?) -> ScalingSnapshot {
        ScalingSnapshot(
            rule: service.scale?.rule, policy: service.revision.isAutoscaled ? service.spec.autoscale : nil,
            isActive: index.map { activePolicy(of: $0) != nil } ?? false,
            awaitsConnection: service.scaling?.awaitsConnection ?? false,
            decisions: service.scaling?.decisions ?? [])
    }

    /// Its replicas by their indices, each followed by what comes in its place and by what goes from it.
    private func inOrder(_ service: Service) -> [Int] {
        let beside = service.incoming + service.outgoing
        guard !beside.isEmpty || service.replicas.count > service.slots else { return service.replicas }
        let indices = Set(service.rows.map { replicas[$0].id.index }).sorted()
        return indices.flatMap { index in service.rows.filter { replicas[$0].id.index == index } }
    }

    private func snapshot(of replica: Replica, of service: Service) -> ReplicaSnapshot {
        let instance = replica.instance
        return ReplicaSnapshot(
            id: replica.id, state: replica.phase, isReady: replica.isReady, isWanted: isWanted(replica.id, of: service),
            instance: instance?.id,
            pid: instance?.pid, restarts: replica.history.restarts,
            restartCauses: replica.history.restartsByCause, lastExit: replica.lastExit,
            revision: (instance?.revision ?? (service.rollout == nil ? service.revision : replica.revision)).spec
                .revision,
            since: replica.since,
            reason: reason(of: replica), status: instance?.status)
    }

    private func isWanted(_ id: ReplicaID, of service: Service) -> Bool {
        service.isListed
            && (service.replicas.count == service.slots
                || service.replicas.prefix(service.slots).contains { replicas[$0].id == id })
    }

    /// The latest event in words; for what is asked again and again, what was last seen.
    func reason(of replica: Replica) -> String {
        if let (role, seen) = replica.instance?.lastProbeFailure { return "its \(role.rawValue) probe says: \(seen)" }
        if let failure = listenersFailure(of: replica) { return failure.reason.description }
        guard let event = replica.lastEvent else { return "nothing has been asked of it" }
        // What was decided says little without what it was decided upon.
        guard case .replica = event.subject, let cause = event.cause.flatMap({ context.events[$0] }),
            cause.reason.isEndOfAnInstance
        else { return event.reason.description }
        return "\(failure(behind: cause) ?? cause.reason.description); \(event.reason)"
    }

    /// Why the core itself, or the kernel, was ending an instance that then ended; nil where it ended by itself, or somebody
    /// asked for it.
    func failure(behind end: StackEvent) -> String? {
        var event = end
        // From the end back through kill, signal, drain and hook: never more steps than a stop has.
        for _ in 0..<8 {
            guard let cause = event.cause.flatMap({ context.events[$0] }), cause.subject == end.subject else {
                return nil
            }
            if case .stopping(let why) = cause.reason { return why.isFailure ? why.description : nil }
            if case .ranOutOfMemory = cause.reason { return cause.reason.description }
            event = cause
        }
        return nil
    }

    /// The chain of causes of the replica's state, the latest first; empty where there is no such replica.
    ///
    /// Where it waits for a dependency, the chain goes on with why that dependency is as it is. Of one that is being
    /// replaced, what is to take its place comes first.
    public func explain(_ replica: ReplicaID) -> [StackEvent] {
        var chain: [StackEvent] = []
        let incoming = index(of: replica.service).flatMap { service in
            services[service].incoming.first { replicas[$0].id == replica }
        }
        append(incoming.flatMap { replicas[$0].lastEvent }, to: &chain)
        // Of one that is gone, something may still end.
        var next = position(of: replica) ?? outgoing(replica)
        // A dependency chain has no cycle, so it is no longer than there are services.
        for _ in order {
            guard let position = next else { break }
            append(listenersFailure(of: replicas[position]), to: &chain)
            append(replicas[position].lastEvent, to: &chain)
            next = blocker(of: replicas[position])
        }
        return chain
    }

    /// The chain of causes of how many replicas the service has, the latest first; empty where nothing has changed that.
    public func explain(_ service: ServiceName) -> [StackEvent] {
        guard let index = index(of: service) else { return [] }
        var chain: [StackEvent] = []
        let scaling = services[index].scaling
        let events = [
            scaling?.situation == .free ? nil : scaling?.lastEvent,
            services[index].scaledBy.flatMap { context.events[$0] },
        ]
        for event in events.compactMap({ $0 }).sorted(by: { $0.id > $1.id }) { append(event, to: &chain) }
        return chain
    }

    private func outgoing(_ replica: ReplicaID) -> Int? {
        index(of: replica.service).flatMap { service in
            services[service].outgoing.first { replicas[$0].id == replica }
        }
    }

    private static let longestChain = 64

    private func append(_ last: StackEvent?, to chain: inout [StackEvent]) {
        var next = last
        while let event = next, chain.count < Self.longestChain, !chain.contains(where: { $0.id == event.id }) {
            chain.append(event)
            next = event.cause.flatMap { context.events[$0] }
        }
    }

    /// What keeps the replica's listeners from being bound, where it waits for them.
    private func listenersFailure(of replica: Replica) -> StackEvent? {
        guard case .waiting(.listeners) = replica.state else { return nil }
        return index(of: replica.id.service).flatMap { services[$0].listenersFailure }
    }

    /// The replica that keeps that one waiting.
    private func blocker(of replica: Replica) -> Int? {
        let name: ServiceName
        switch replica.state {
        case .waiting(.dependency(let dependency, _)), .unstartable(let dependency): name = dependency
        case .waiting, .stopped, .scheduled, .backingOff, .active, .completed, .failed: return nil
        }
        guard let service = index(of: name) else { return nil }
        return services[service].replicas.first { !replicas[$0].isReady && !replicas[$0].hasCompleted }
    }
}

extension Reason {
    fileprivate var isEndOfAnInstance: Bool {
        if case .exited = self { true } else if case .spawnFailed = self { true } else { false }
    }
}
