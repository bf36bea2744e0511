import StackModel
import SupervisorCore

/// From the order to make an instance to its release.
extension Judge {
    mutating func spawn(_ id: InstanceID, _ replica: ReplicaID, _ revision: ServiceRevision) throws(Violation) {
        guard let slot = told.position(of: replica) else {
            throw violation(.lifecycle, "\(id) is of \(replica), which is not in the stack")
        }
        if id <= lastInstance {
            throw violation(.identity, "\(id) follows \(lastInstance)")
        }
        lastInstance = id
        guard announced == id else {
            throw violation(.journal, "\(id) is made and the journal does not know of it")
        }
        announced = nil
        let service = told.replicas[slot].service
        guard told.services[service].wantedReplicas.contains(slot) else {
            throw violation(.scale, "\(id) is of \(replica), and \(told.services[service].wanted) are wanted")
        }
        try checkRevision(revision, of: id, slot)
        guard let row = told.row(for: revision, slot) else {
            throw violation(.oneInstance, "\(id) is made while another of \(replica) is there")
        }
        try checkMayStart(id, service, revision.spec)
        try checkNumbers(id, service, row, revision)
        if let notBefore = told.replicas[row].restarts.notBefore, told.servedUntil < notBefore {
            throw violation(.backoff, "\(id) of \(replica) is made, not before \(notBefore.sinceOrigin.text)")
        }
        told.replicas[row].restarts.started()
        let dependencies = told.services[service].dependencies.map(\.service)
        told.add(ToldInstance(id, replica: row, service: service, revision, dependencies: dependencies))
    }

    /// It is of what counts, or of what its slot had before; where it had nothing, of what the service had.
    private mutating func checkRevision(_ revision: ServiceRevision, of id: InstanceID, _ slot: Int) throws(Violation) {
        let index = told.replicas[slot].service
        let service = told.services[index]
        let good = service.rollouts.maybeGood.last.flatMap { service.rollouts.revisions[$0] }
        let own = told.replicas[slot].revision
        var known = [service.revision]
        if service.rollouts.current != nil, !told.isOfTarget(own, index) {
            known += [own, good].compactMap { $0 } + service.rollouts.former
        }
        let isKnown = known.contains { $0.epoch == revision.epoch && $0.spec.isOfSameContent(as: revision.spec) }
        guard isKnown else {
            let replica = told.replicas[slot].id
            throw violation(
                .change, "\(id) of \(replica) is made of revision \(revision.spec.revision), epoch \(revision.epoch)")
        }
    }

    private func checkMayStart(_ id: InstanceID, _ service: Int, _ spec: ServiceSpec) throws(Violation) {
        let name = told.services[service].name
        if told.isShuttingDown || !told.services[service].isDesired {
            throw violation(.nothingLeft, "\(id) of \(name) is made, which was stopped")
        }
        if told.services[service].isGoingDown {
            throw violation(.nothingLeft, "\(id) of \(name) is made, which is going down")
        }
        if let unmet = told.unmetDependency(of: service) {
            let dependency = told.services[unmet.service].name
            throw violation(
                .conditions, "\(id) of \(name) is made without \(unmet.condition.rawValue) of \(dependency)")
        }
        if told.services[service].isScheduled, !told.services[service].runs.isUnderWay {
            throw violation(.schedule, "\(id) of \(name) is made, and no run of it is under way")
        }
        if !told.services[service].listeners.include(spec) {
            throw violation(.conditions, "\(id) of \(name) is made before its listeners are bound")
        }
    }

    mutating func release(_ id: InstanceID) throws(Violation) {
        let instance = try instance(id, for: "release")
        guard case .gone = instance.process else {
            throw violation(.nothingLeft, "\(id) is released while something of it runs")
        }
        for role in ProbeRole.allCases where instance[role].run != nil {
            throw violation(.probes, "\(id) is released while a run of its \(role) probe is under way")
        }
        told.remove(id)
    }

    /// It goes on as it runs, with what a newer spec says.
    mutating func adopt(_ id: InstanceID, _ revision: ServiceRevision) throws(Violation) {
        let instance = try instance(id, for: "a newer spec")
        guard instance.spec.becomes(revision.spec), instance.revision.epoch == revision.epoch else {
            throw violation(
                .change, "\(id) takes over revision \(revision.spec.revision), for which it has to be made anew")
        }
        if case .running = instance.process, instance.spec.secrets != revision.spec.secrets,
            case .signal(let signal) = revision.spec.onSecretChange
        {
            told.expectedSignals[id] = signal
        }
        let dependencies = told.services[instance.service].dependencies.map(\.service)
        told.change(id) { instance, _ in
            instance.adopt(revision)
            instance.dependencies = dependencies
        }
        if let row = told.row(of: id) { told.replicas[row].revision = revision }
    }

    mutating func write(_ record: JournalRecord) throws(Violation) {
        switch record {
        case .desired, .removed: break
        case .scaled(let name, let scale): try write(scale, of: name)
        case .creating(let id, _, _):
            announced = id
            guard journalled.insert(id).inserted else {
                throw violation(.journal, "\(id) is recorded as being made a second time")
            }
        case .started(let id, _):
            guard case .running = try instance(id, for: "the record of a start").process else {
                throw violation(.journal, "\(id) is recorded as started, and does not run")
            }
        case .ended(let id):
            if let instance = told.instance(id) {
                guard case .gone = instance.process else {
                    throw violation(.journal, "\(id) is recorded as ended while something of it runs")
                }
            }
            guard journalled.remove(id) != nil else {
                throw violation(.journal, "\(id) is recorded as ended, and the journal does not hold it for alive")
            }
        }
    }
}

extension ServiceSpec {
    fileprivate func isOfSameContent(as other: ServiceSpec) -> Bool {
        definition == other.definition && executable == other.executable && secrets == other.secrets
    }
}
