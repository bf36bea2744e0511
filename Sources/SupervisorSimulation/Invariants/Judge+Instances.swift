import StackModel
import SupervisorCore

/// From the order to make an instance to its release.
extension Judge {
    mutating func spawn(_ id: InstanceID, _ replica: ReplicaID, _ revision: ServiceRevision) throws(Violation) {
        guard let position = told.position(of: replica) else {
            throw violation(.lifecycle, "\(id) is of \(replica), which is not in the stack")
        }
        if id <= lastInstance {
            throw violation(.identity, "\(id) follows \(lastInstance)")
        }
        lastInstance = id
        if let other = told.replicas[position].instance {
            throw violation(.oneInstance, "\(id) is made while \(other.id) of \(replica) is there")
        }
        guard announced == id else {
            throw violation(.journal, "\(id) is made and the journal does not know of it")
        }
        announced = nil
        let service = told.replicas[position].service
        try checkMayStart(id, service)
        guard told.services[service].wantedReplicas.contains(position) else {
            throw violation(.scale, "\(id) is of \(replica), and \(told.services[service].wanted) are wanted")
        }
        guard revision.spec.revision == told.services[service].spec.revision else {
            throw violation(.change, "\(id) of \(replica) is made of revision \(revision.spec.revision)")
        }
        if let notBefore = told.replicas[position].restarts.notBefore, told.servedUntil < notBefore {
            throw violation(.backoff, "\(id) of \(replica) is made, not before \(notBefore.sinceOrigin.text)")
        }
        told.replicas[position].restarts.started()
        told.add(ToldInstance(id, replica: position, service: service, revision))
    }

    private func checkMayStart(_ id: InstanceID, _ service: Int) throws(Violation) {
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
        if !told.services[service].hasListeners {
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
        told.removeInstance(ofReplica: instance.replica)
    }

    mutating func write(_ record: JournalRecord) throws(Violation) {
        switch record {
        case .desired, .scaled, .removed: break
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
            if let position = told.position(of: id), let instance = told.replicas[position].instance {
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
