import StackModel

/// What a rollout sees of its service.
extension Supervisor {
    func view(of index: Int) -> Rollout.View {
        let service = services[index]
        let slots = Array(wantedReplicas(of: index))
        let (areAvailable, nextOfSlots) = availability(of: slots, of: index)
        let (haveCome, nextOfIncoming) = availability(of: service.incoming, of: index)
        var view = Rollout.View(
            slots: zip(slots, areAvailable).map { position, isAvailable in
                let replica = replicas[position]
                let isUpdated = replica.revision === service.revision
                return RolloutArithmetic.Slot(isUpdated: isUpdated, isSound: isUpdated ? isAvailable : replica.isReady)
            },
            leaving: (service.replicas.dropFirst(slots.count) + service.outgoing).count { replicas[$0].hasInstance },
            isDraining: service.rows.contains { replicas[$0].isEnding },
            nextAvailable: [nextOfSlots, nextOfIncoming].compactMap { $0 }.min(), obstacle: obstacleToRollout(of: index)
        )
        for (position, isAvailable) in zip(slots + service.incoming, areAvailable + haveCome) where !isAvailable {
            let replica = replicas[position]
            if replica.revision === service.revision, !replica.isEnding { view.isPending = true }
        }
        for (position, hasCome) in zip(service.incoming, haveCome) {
            guard let slot = slots.firstIndex(where: { replicas[$0].id == replicas[position].id }) else { continue }
            if replicas[position].revision !== service.revision {
                view.slots[slot].incoming = .obsolete(isReady: replicas[position].isReady)
            } else {
                view.slots[slot].incoming = hasCome ? .available : .pending
            }
        }
        return view
    }

    /// Which of those are available: they have been ready for long enough, or have completed; and when the next will be.
    func availability(of positions: [Int], of index: Int) -> ([Bool], next: Instant?) {
        let spec = services[index].spec
        let minReady = services[index].rollout?.pace(of: spec.rollout).minReady ?? spec.rollout.pace.minReady
        var next: Instant?
        let areAvailable = positions.map { position in
            let replica = replicas[position]
            // What is awaited to complete has shown nothing before it has.
            guard replica.isReady, !spec.isAwaitedToComplete else { return replica.hasCompleted }
            let due = replica.since.advanced(by: minReady)
            if due > context.now { next = min(next ?? due, due) }
            return due <= context.now
        }
        return (areAvailable, next)
    }

    /// What keeps the rollout from replacing anything more.
    private func obstacleToRollout(of index: Int) -> Rollout.Obstacle? {
        guard let rollout = services[index].rollout else { return nil }
        if rollout.isUnderWay, !rollout.hasBegun, !rollout.origin.isRollback,
            let busy = services[index].dependencies.first(where: {
                services[$0.service].rollout?.isUnderWay ?? false
            })
        {
            return .wait(.rollout(of: busy.name))
        }
        switch obstacle(of: index) {
        case nil: return nil
        case .hold(.dependency(let name, _)): return .wait(.dependency(name))
        case .hold(.listeners): return .wait(.listeners)
        case .never(let name, let condition, let cause):
            // What does not run loses nothing by waiting.
            guard hasInstance(index) else { return .wait(.dependency(name)) }
            return .never("\(name) ended, so that \(condition.rawValue) cannot come true", cause: cause)
        }
    }

    /// Sets the one deadline at which the rollout is looked at again.
    mutating func wakeRollout(of index: Int) {
        guard let rollout = services[index].rollout else { return }
        context.deadlines[DeadlineSlots(of: index)[.rollout]] = rollout.wake(
            view(of: index), services[index].spec.rollout, at: context.now)
    }

    /// What the next instance of a replica is made from: its own revision, unless that is what has failed and nothing of
    /// the other stands beside it.
    func revisionToSpawn(_ position: Int, of index: Int) -> ServiceRevision {
        guard let rollout = services[index].rollout else { return services[index].revision }
        let isAlone = incoming(beside: position, of: index) == nil
        return rollout.origin.isRollback && isAlone ? services[index].revision : replicas[position].revision
    }

    /// New slots are new, as far as the rollout's step allows.
    func revisionOfNewSlot(of index: Int, after positions: [Int]) -> ServiceRevision {
        let service = services[index]
        guard let rollout = service.rollout, !rollout.origin.isWayBack else { return service.revision }
        let updated = positions.count { replicas[$0].revision === service.revision } + service.incoming.count
        let limit = rollout.limit(service.spec.rollout, wanted: service.wantedReplicas)
        return rollout.isUnderWay && updated < limit ? service.revision : rollout.origin.former ?? service.revision
    }
}
