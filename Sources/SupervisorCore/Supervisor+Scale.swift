import StackModel

/// How many replicas a service has.
extension Supervisor {
    mutating func scale(_ name: ServiceName, to number: Int) {
        guard !isShuttingDown, number >= 0, let index = listedIndex(of: name) else { return }
        let before = services[index].wantedReplicas
        services[index].scale = number
        context.perform(.record(.scaled(name, number)))
        noteScale(of: index, from: before, causedBy: nil)
    }

    /// The service wants another number of replicas than before, or the same.
    mutating func noteScale(of index: Int, from before: Int, causedBy cause: EventID?) {
        let reason = Reason.scaled(from: before, to: services[index].wantedReplicas)
        let event = context.publish(reason, about: .service(services[index].name), cause: cause).id
        services[index].scaledBy = event
        fitReplicas(of: index)
        if services[index].desired == .running, services[index].descent == nil {
            for position in wantedReplicas(of: index) { want(position, of: index, again: false, causedBy: event) }
        }
        unsettle(index)
    }

    /// Those that are not there merely because they still stop: the first ones, as each wanted index has a replica.
    func wantedReplicas(of index: Int) -> ArraySlice<Int> {
        services[index].replicas.prefix(services[index].wantedReplicas)
    }

    /// Makes the replicas that lack, and ends those that are too many; while the service goes down, that does it.
    mutating func fitReplicas(of index: Int) {
        let service = services[index]
        var positions: [Int] = []
        var present = service.replicas[...]
        for slot in 0..<service.wantedReplicas {
            if let first = present.first, replicas[first].id.index == slot {
                positions.append(present.removeFirst())
            } else {
                positions.append(
                    admit(ReplicaID(service: service.name, index: slot), revisionOfNewSlot(of: index, after: positions))
                )
            }
        }
        services[index].replicas = positions + present
        guard service.descent == nil else { return }
        for position in present where replicas[position].hasInstance && !replicas[position].isEnding {
            changeReplica(position) {
                $0.stop(.scaledDown, causedBy: service.scaledBy, in: &$1)
            }
        }
        for position in service.incoming where replicas[position].id.index >= service.wantedReplicas {
            retire(position, of: index, .scaledDown, causedBy: service.scaledBy)
        }
        pruneReplicas(of: index)
    }

    /// Frees the positions of replicas that are too many, or replaced, and have no instance any more.
    mutating func pruneReplicas(of index: Int) {
        for position in services[index].outgoing where !replicas[position].hasInstance {
            services[index].outgoing.removeAll { $0 == position }
            vacate(replica: position)
            unsettle(index)
        }
        guard services[index].replicas.count > services[index].wantedReplicas else { return }
        for position in services[index].replicas.dropFirst(services[index].wantedReplicas)
        where !replicas[position].hasInstance {
            services[index].replicas.removeAll { $0 == position }
            vacate(replica: position)
            unsettle(index)
        }
    }
}
