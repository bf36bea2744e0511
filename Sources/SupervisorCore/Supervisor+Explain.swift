public import StackModel

/// What the core can say about itself.
extension Supervisor {
    public func snapshot() -> StackSnapshot {
        StackSnapshot(name: name, isShuttingDown: isShuttingDown, services: services.map(snapshot(of:)))
    }

    private func snapshot(of service: Service) -> ServiceSnapshot {
        ServiceSnapshot(
            name: service.name, desired: service.desired, revision: service.revision.spec.revision,
            dependencies: service.revision.spec.dependencies,
            replicas: service.replicas.map { snapshot(of: replicas[$0], of: service) })
    }

    private func snapshot(of replica: Replica, of service: Service) -> ReplicaSnapshot {
        let instance = replica.instance
        return ReplicaSnapshot(
            id: replica.id, state: replica.phase, isReady: replica.isReady, instance: instance?.id,
            pid: instance?.pid, restarts: replica.history.restarts,
            revision: (instance?.revision ?? service.revision).spec.revision, since: replica.since,
            reason: reason(of: replica), status: instance?.status)
    }

    /// The latest event in words; for what is asked again and again, what was last seen.
    private func reason(of replica: Replica) -> String {
        if let (role, seen) = replica.instance?.lastProbeFailure { return "its \(role.rawValue) probe says: \(seen)" }
        guard let id = replica.lastEvent, let event = context.events[id] else { return "" }
        return event.reason.description
    }

    /// The chain of causes of the replica's state, the latest first; empty where there is no such replica.
    ///
    /// Where it waits for a dependency, the chain goes on with why that dependency is as it is.
    public func explain(_ replica: ReplicaID) -> [StackEvent] {
        var chain: [StackEvent] = []
        var next = position(of: replica)
        // A dependency chain has no cycle, so it is no longer than there are services.
        for _ in services.indices {
            guard let position = next else { break }
            append(causesOf: replicas[position].lastEvent, to: &chain)
            next = blocker(of: replicas[position])
        }
        return chain
    }

    private static let longestChain = 64

    private func append(causesOf last: EventID?, to chain: inout [StackEvent]) {
        var id = last
        while let current = id, let event = context.events[current], chain.count < Self.longestChain {
            guard !chain.contains(where: { $0.id == event.id }) else { return }
            chain.append(event)
            id = event.cause
        }
    }

    /// The replica that keeps that one waiting.
    private func blocker(of replica: Replica) -> Int? {
        let name: ServiceName
        switch replica.state {
        case .waiting(.dependency(let dependency, _)), .unstartable(let dependency): name = dependency
        case .waiting, .stopped, .backingOff, .active, .completed, .failed: return nil
        }
        guard let service = index(of: name) else { return nil }
        return services[service].replicas.first { !replicas[$0].isReady && !replicas[$0].hasCompleted }
    }
}
