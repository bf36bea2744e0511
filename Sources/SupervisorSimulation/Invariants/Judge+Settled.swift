import StackModel
import SupervisorCore

/// What must hold between two steps: nothing that is due is put off, once the core was told that its time has come.
extension Judge {
    mutating func checkSettled() throws(Violation) {
        try checkRollouts()
        for service in told.services.indices {
            let mayStart = told.mayStart(service)
            let isGoingDown = told.services[service].isGoingDown
            let mustEnd = isGoingDown && told.holder(of: service) == nil && !told.outlivesReplacement(service)
            for instance in told.leaving where instance.service == service {
                try refuse(instance.objection(mustEnd: mustEnd || !isGoingDown, served: told.servedUntil), instance)
            }
            for position in told.services[service].rows {
                let isUnwanted = !isGoingDown && (told.isUnwanted(position) || told.forNothing.contains(position))
                let objection = told.replicas[position].objection(
                    mayStart: mayStart && !isUnwanted && told.isAlone(position), mustEnd: mustEnd || isUnwanted,
                    served: told.servedUntil)
                if let objection {
                    throw violation(objection.invariant, "\(told.replicas[position].id) \(objection.detail)")
                }
            }
            try checkRemains(service)
            try checkRun(service)
        }
        told.forNothing.removeAll()
    }

    private func refuse(_ objection: Objection?, _ instance: ToldInstance) throws(Violation) {
        guard let objection else { return }
        let name = told.services[instance.service].name
        throw violation(objection.invariant, "\(instance.id), which leaves \(name), \(objection.detail)")
    }

    /// Of a service that is gone from the file nothing stays.
    private func checkRemains(_ index: Int) throws(Violation) {
        guard !told.services[index].isListed, told.services[index].listeners.state != .closed, !told.hasInstance(index)
        else { return }
        throw violation(.change, "\(told.services[index].name) is gone from the stack file, and its listeners are open")
    }

    /// What the core shows of itself is what it was told.
    func check(_ snapshot: StackSnapshot) throws(Violation) {
        try checkServices(snapshot)
        try checkReplicas(of: snapshot.services)
    }

    func checkReplicas(of services: [ServiceSnapshot]) throws(Violation) {
        for service in services {
            let index = told.index(of: service.name)
            let isBlocked = index.map { told.isBlocked($0) } ?? false
            for replica in service.replicas { try check(replica, isBlocked: isBlocked) }
            guard let index else { continue }
            let shown = service.replicas.compactMap(\.instance).sorted()
            guard shown == told.instances(of: index).map(\.id).sorted() else {
                throw violation(.readiness, "\(service.name) is shown with \(shown), which are not its instances")
            }
        }
    }

    private func check(_ replica: ReplicaSnapshot, isBlocked: Bool) throws(Violation) {
        guard let slot = told.position(of: replica.id) else { return }
        let instance = replica.instance.flatMap { told.instance($0) }
        if instance == nil, told.isAlone(slot), told.hasFailed(slot, isBlocked: isBlocked), replica.state != .failed {
            throw violation(.readiness, "\(replica.id) has failed or never can start, and is \(replica.state)")
        }
        if replica.state == .stopped || replica.state == .completed || replica.state == .failed, let instance {
            throw violation(.nothingLeft, "\(replica.id) is \(replica.state), and \(instance.id) is there")
        }
        if replica.isReady != (instance?.isReady == true) {
            throw violation(.readiness, "\(replica.id) is shown as \(replica.isReady ? "" : "not ")ready")
        }
        guard replica.restartCauses.reduce(0, { $0 + $1.count }) == replica.restarts else {
            throw violation(.readiness, "\(replica.id) has had restarts of no cause")
        }
    }

    /// It shows the services of the file, and of those that are gone from it what still stops.
    private func checkServices(_ snapshot: StackSnapshot) throws(Violation) {
        var shown = snapshot.services[...]
        for (index, service) in told.services.enumerated() {
            guard let first = shown.first, first.name == service.name else {
                guard service.isListed || told.hasInstance(index) else { continue }
                throw violation(.change, "\(service.name) is in the stack, and not shown")
            }
            shown.removeFirst()
            let isThere =
                service.isListed || told.hasInstance(index) || service.listeners.isAwaitingAnswers
                || told.hasDependentInstance(index)
            guard isThere else { throw violation(.change, "\(service.name) is shown, and nothing of it is left") }
            try check(first, of: index)
        }
        if let other = shown.first { throw violation(.change, "\(other.name) is shown, and was never in the stack") }
    }

    private func check(_ shown: ServiceSnapshot, of index: Int) throws(Violation) {
        let service = told.services[index]
        guard service.isListed else { return }
        let wanted = Set(service.wantedReplicas.map { told.replicas[$0].id })
        guard shown.wantedReplicas == service.wanted,
            shown.replicas.allSatisfy({ wanted.contains($0.id) || $0.instance != nil }),
            wanted.isSubset(of: shown.replicas.map(\.id))
        else {
            let count = shown.replicas.count
            throw violation(.scale, "\(service.name) is shown with \(count) replicas of \(service.wanted)")
        }
        try check(shown.scaling, of: index)
        let open = shown.runs.count { $0.outcome == nil }
        guard open == (service.runs.isUnderWay ? 1 : 0) + (service.runs.isQueued ? 1 : 0),
            shown.runs.count - open <= service.spec.schedule?.history ?? 0 || shown.schedule == nil
        else { throw violation(.schedule, "\(service.name) is shown with \(open) runs that go on or wait") }
    }

    /// Everything has come up, and nothing goes on: what runs is what the stack file says.
    func checkQuiescent(_ snapshot: StackSnapshot) throws(Violation) {
        for shown in snapshot.services {
            guard let index = told.index(of: shown.name), !told.services[index].listeners.isAwaitingAnswers,
                !told.isHopeless(index), !told.isStuck(index), !told.outlivesReplacement(index)
            else { continue }
            let service = told.services[index]
            guard service.isListed, shown.revision == service.spec.revision else {
                throw violation(.change, "\(shown.name) is there in revision \(shown.revision)")
            }
            for replica in shown.replicas where replica.instance != nil && replica.revision != shown.revision {
                throw violation(.change, "\(replica.id) runs in revision \(replica.revision)")
            }
            guard shown.replicas.count == service.wanted else {
                throw violation(.scale, "\(shown.name) has \(shown.replicas.count) replicas of \(service.wanted)")
            }
        }
    }
}

extension Judge {
    /// Whoever asks why a replica is as it is gets an answer, made of events that were published.
    func check(_ explanation: [StackEvent], of replica: ReplicaSnapshot) throws(Violation) {
        if explanation.isEmpty, replica.state != .stopped {
            throw violation(.causality, "\(replica.id) is \(replica.state), and nothing explains it")
        }
        for event in explanation where event.id.number == 0 || event.id.number > lastEvent {
            throw violation(.causality, "\(replica.id) is explained by event \(event.id), which never was")
        }
    }
}

/// What is wrong with something, and what it breaks.
struct Objection {
    var invariant: Invariant
    var detail: String

    init(_ invariant: Invariant, _ detail: String) {
        self.invariant = invariant
        self.detail = detail
    }
}

extension Told {
    /// Nothing keeps an instance of the service from being made.
    fileprivate func mayStart(_ service: Int) -> Bool {
        services[service].isDesired && !services[service].isGoingDown
            && (services[service].listeners.state == .open
                || services[service].listeners.state == .closed && services[service].spec.listeners.isEmpty)
            && (!services[service].isScheduled || services[service].runs.isUnderWay)
            && unmetDependency(of: service) == nil
    }
}

extension Told.Replica {
    fileprivate func objection(mayStart: Bool, mustEnd: Bool, served: Instant) -> Objection? {
        if instance != nil { return instance?.objection(mustEnd: mustEnd, served: served) }
        guard mayStart, !hasCompleted, !restarts.isGivenUp else { return nil }
        if let dueAt = restarts.dueAt, dueAt >= served { return nil }
        return Objection(.promptness, "is wanted, and nothing keeps it from being started")
    }
}

extension ToldInstance {
    fileprivate func objection(mustEnd: Bool, served: Instant) -> Objection? {
        switch process {
        case .gone: return Objection(.lifecycle, "has \(id), which is gone and not released")
        case .spawning, .leaving: return nil
        case .running: break
        }
        if isMisplaced { return Objection(.rotation, "has \(id), which is in the rotation or ready, and not both") }
        guard stopCause == nil else { return nil }
        if hasFailedStartup || hasFailedLiveness || hasReportedBroken {
            return Objection(.lifecycle, "has \(id), which has failed its probe or says so, and is not ended")
        }
        if !hasStarted, let startLimit, startLimit < served {
            return Objection(.lifecycle, "has \(id), which has not started in time, and is not ended")
        }
        if let watchdogLimit, watchdogLimit < served {
            return Objection(.lifecycle, "has \(id), which has been silent for too long, and is not ended")
        }
        if startup.isOverdue(at: served) || readiness.isOverdue(at: served) || liveness.isOverdue(at: served) {
            return Objection(.probes, "has \(id), which has a run past its timeout")
        }
        return mustEnd
            ? Objection(.promptness, "has \(id), which nothing keeps from being stopped, as it should be") : nil
    }
}
