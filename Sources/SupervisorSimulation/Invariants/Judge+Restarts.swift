import StackModel
import SupervisorCore

/// What follows the end of an instance.
extension Judge {
    /// What the core decides about a replica.
    mutating func read(_ reason: Reason, of replica: ReplicaID) throws(Violation) {
        guard let slot = told.position(of: replica) else {
            throw violation(.causality, "an event is about \(replica), which is not in the stack")
        }
        // What follows an end is said right after it.
        let position = told.lastReleased.flatMap { told.replicas[$0].id == replica ? $0 : nil } ?? slot
        let service = told.replicas[position].service
        let last = told.replicas[position].last
        let spec = last.restart ?? told.services[service].spec.restart
        switch reason {
        case .restartsAtOnce:
            try checkCounts(replica, service, spec)
            let problem = told.replicas[position].restarts.restartAtOnce(spec, wasReady: last.wasReady, at: now)
            try refuse(problem, replica)
        case .restartsAfter(let delay):
            if !last.isHostsFault { try checkCounts(replica, service, spec) }
            let problem = told.replicas[position].restarts.restart(
                after: delay, spec, wasReady: last.wasReady, isCounted: !last.isHostsFault, at: now)
            try refuse(problem, replica)
        case .restartsWithDependency:
            guard told.isDependencyDown(of: service) else {
                throw violation(.budget, "a crash of \(replica) does not count, though no dependency is down")
            }
        case .gaveUp(let why):
            try checkCounts(replica, service, spec)
            try refuse(told.replicas[position].restarts.giveUp(why, spec, at: now), replica)
        case .rollout(.replaced): told.announceReplacement(of: slot)
        default: break
        }
    }

    /// Crashes while a dependency is down do not count. (One that will not be restarted in any case may say so.)
    private func checkCounts(_ replica: ReplicaID, _ service: Int, _ spec: RestartSpec) throws(Violation) {
        guard spec.mode != .no, told.isDependencyDown(of: service) else { return }
        throw violation(.budget, "a crash of \(replica) counts, though a dependency is down")
    }

    private func refuse(_ objection: Objection?, _ replica: ReplicaID) throws(Violation) {
        if let objection { throw violation(objection.invariant, "\(replica) \(objection.detail)") }
    }
}
