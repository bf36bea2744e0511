import StackModel

/// How many replicas a service has.
extension Supervisor {
    mutating func scale(_ name: ServiceName, to number: Int) {
        guard !isShuttingDown, number >= 0, let index = listedIndex(of: name) else { return }
        let before = services[index].wantedReplicas
        let scale = Scale(number, by: .manual)
        services[index].scale = scale
        context.perform(.record(.scaled(name, scale)))
        noteScale(of: index, .scaled(from: before, to: number), causedBy: nil)
    }

    /// The service wants another number of replicas than before, or the same. `removed`: those that go first.
    mutating func noteScale(
        of index: Int, _ reason: Reason, removing removed: [ReplicaID] = [], causedBy cause: EventID?
    ) {
        let event = context.publish(reason, about: .service(services[index].name), cause: cause).id
        services[index].scaledBy = event
        // It could be had though there was none: so it can while the first comes.
        if services[index].slots == 0, services[index].wasAvailable { services[index].scaling?.isWaking = true }
        fitReplicas(of: index, removing: removed)
        if services[index].desired == .running, services[index].descent == nil {
            for position in wantedReplicas(of: index) { want(position, of: index, again: false, causedBy: event) }
        }
        unsettle(index)
    }

    /// Those that are not there merely because they still stop.
    func wantedReplicas(of index: Int) -> ArraySlice<Int> {
        services[index].replicas.prefix(services[index].slots)
    }

    /// Makes the replicas that lack, and ends those that are too many, the highest first unless others are named; while the
    /// service goes down, that does it.
    mutating func fitReplicas(of index: Int, removing removed: [ReplicaID] = []) {
        let (present, count) = (services[index].slots, services[index].wantedReplicas)
        if present < count {
            addReplicas(count - present, to: index)
        } else if present > count {
            takeReplicas(present - count, from: index, removed)
        }
        guard services[index].descent == nil else { return }
        let (leaving, scaledBy) = (services[index].replicas.dropFirst(count), services[index].scaledBy)
        for position in leaving where replicas[position].hasInstance && !replicas[position].isEnding {
            changeReplica(position) { $0.stop(.scaledDown, causedBy: scaledBy, in: &$1) }
        }
        for position in services[index].incoming
        where !wantedReplicas(of: index).contains(where: { replicas[$0].id == replicas[position].id }) {
            retire(position, of: index, .scaledDown, causedBy: scaledBy)
        }
        pruneReplicas(of: index)
    }

    private mutating func takeReplicas(_ count: Int, from index: Int, _ removed: [ReplicaID]) {
        let wanted = wantedReplicas(of: index)
        let named = removed.compactMap { id in wanted.first { replicas[$0].id == id } }
        let surplus = (named + wanted.reversed().filter { !named.contains($0) }).prefix(count)
        arrange(
            wanted.filter { !surplus.contains($0) },
            leaving: Array(services[index].replicas.dropFirst(wanted.count)) + surplus, of: index)
    }

    private mutating func addReplicas(_ count: Int, to index: Int) {
        var wanted = Array(wantedReplicas(of: index))
        var leaving = Array(services[index].replicas.dropFirst(wanted.count))
        for slot in freeSlots(of: index, count) {
            let id = ReplicaID(service: services[index].name, index: slot)
            if let position = leaving.firstIndex(where: { replicas[$0].id == id }) {
                wanted.append(leaving.remove(at: position))
            } else {
                wanted.append(admit(id, revisionOfNewSlot(of: index, after: wanted)))
            }
        }
        arrange(wanted, leaving: leaving, of: index)
    }

    private mutating func arrange(_ wanted: [Int], leaving: [Int], of index: Int) {
        let byIndex = { [replicas] (left: Int, right: Int) in replicas[left].id.index < replicas[right].id.index }
        services[index].slots = wanted.count
        services[index].replicas = wanted.sorted(by: byIndex) + leaving.sorted(by: byIndex)
    }

    /// The lowest indices that are free. What still ends is waited for only where no other is, as far as there may be
    /// replicas at all.
    private func freeSlots(of index: Int, _ count: Int) -> [Int] {
        guard count > 0 else { return [] }
        let service = services[index]
        guard !service.replicas.isEmpty else { return Array(0..<count) }
        let taken = Set(service.replicas.map { replicas[$0].id.index })
        let ending = service.replicas.dropFirst(service.slots).map { replicas[$0].id.index }
        let bound = max(service.wantedReplicas, service.spec.autoscale?.maximum ?? 0)
        let unused = (0..<bound).lazy.filter { !taken.contains($0) }.prefix(count)
        let reused = ending.sorted().prefix(count - unused.count)
        let beyond = (bound...).lazy.filter { !taken.contains($0) }.prefix(count - unused.count - reused.count)
        return Array(unused) + reused + beyond
    }

    /// Frees the positions of replicas that are too many, replaced, or to replace nothing any more, and have no instance.
    mutating func pruneReplicas(of index: Int) {
        let obsolete = services[index].incoming.filter { !isNeeded($0, of: index) }
        for position in services[index].outgoing + obsolete where !replicas[position].hasInstance {
            services[index].outgoing.removeAll { $0 == position }
            services[index].incoming.removeAll { $0 == position }
            vacate(replica: position)
            unsettle(index)
        }
        guard services[index].replicas.count > services[index].slots else { return }
        for position in services[index].replicas.dropFirst(services[index].slots)
        where !replicas[position].hasInstance {
            services[index].replicas.removeAll { $0 == position }
            vacate(replica: position)
            unsettle(index)
        }
    }
}
