import StackModel
import SupervisorCore

/// How many instances a service has while others take their places, and which of them are ended for that.
extension Judge {
    /// No more instances than the rollout allows, nor more of the revision that comes than its canary does.
    func checkNumbers(_ id: InstanceID, _ index: Int, _ row: Int, _ revision: ServiceRevision) throws(Violation) {
        let service = told.services[index]
        // Slots are as many as are wanted; what is made beside them comes on top of all that is there.
        if !service.replicas.contains(row) {
            let present = told.numberOfInstances(of: index) + 1
            let most = service.wanted + max(service.rollouts.excess, told.surge(of: index))
            guard present <= most else {
                throw violation(.surge, "\(id) is number \(present) of \(service.name), and \(most) are allowed")
            }
        }
        // Where nothing was made of anything else, there is nothing to spare.
        guard told.isOfTarget(revision, index), let limit = told.canaryLimit(of: index),
            !told.isOfTarget(told.replicas[row].revision, index), told.hasFormer(index)
        else { return }
        let updated = told.updatedReplicas(of: index, without: row) + 1
        guard updated <= limit else {
            throw violation(
                .rollout, "\(id) is new replica \(updated) of \(service.name), and its step allows \(limit)")
        }
    }

    /// An instance ends because another takes its place, or is to.
    func checkReplacement(of instance: ToldInstance, by number: Int) throws(Violation) {
        let service = told.services[instance.service]
        guard service.rollouts.lastNumber == number else {
            throw violation(.rollout, "\(instance.id) is replaced by number \(number), which is not what counts")
        }
        if told.isOfTarget(instance.revision, instance.service) {
            throw violation(.rollout, "\(instance.id) is replaced, and is of the revision that comes")
        }
        let slot = service.slot(of: instance.replica)
        guard instance.isReady, service.wantedReplicas.contains(slot) else { return }
        let place = service.place(beside: slot)
        if instance.replica == slot, told.replicas[place].instance != nil, !told.isAvailable(place, at: now) {
            throw violation(.availability, "\(instance.id) is replaced by what is not available yet")
        }
        let ready = told.readyReplicas(of: instance.service, without: instance.id)
        let least = service.wanted - told.unavailable(of: instance.service)
        guard ready >= least else {
            throw violation(
                .availability, "\(instance.id) is ended for a rollout, \(ready) ready ones stay and \(least) must")
        }
    }

    /// What can go on with the spec that counts does.
    func checkTakenOver(_ index: Int) throws(Violation) {
        let service = told.services[index]
        guard service.isListed, !service.isGoingDown, service.isDesired else { return }
        for row in service.rows {
            guard let instance = told.replicas[row].instance, !instance.isEnding,
                instance.revision !== service.revision,
                told.isOfTarget(instance.revision, index), instance.spec != service.spec
            else { continue }
            throw violation(.change, "\(instance.id) of \(service.name) goes on with what its former spec says")
        }
    }
}

extension Told {
    /// Those of a greater number of replicas that was wanted before are not counted.
    func numberOfInstances(of index: Int) -> Int {
        let service = services[index]
        return instances(of: index).count { service.wantedReplicas.contains(service.slot(of: $0.replica)) }
    }

    mutating func noteExcess(of index: Int) {
        let excess = numberOfInstances(of: index) - services[index].wanted
        services[index].rollouts.excess = max(0, min(excess, max(services[index].rollouts.excess, surge(of: index))))
    }
}
