import StackModel
import SupervisorCore

extension ServiceSnapshot {
    /// One replica for each slot, as things can be told of a slot only once: where others come and go beside it, one that
    /// is ready.
    var slots: [ReplicaSnapshot] {
        replicas.reduce(into: []) { slots, replica in
            guard slots.last?.id == replica.id else { return slots.append(replica) }
            if slots.last?.isReady == false, replica.isReady { slots[slots.count - 1] = replica }
        }
    }

    /// The index of the replica that explains why the service is in its state: one that is not as it should be, rather
    /// than one that goes from its slot, and rather than one that is. Nil where there is none.
    var explainedReplica: Int? {
        let waiting = replicas.filter { !$0.isReady && $0.state != .completed }
        return (waiting.first { $0.state != .stopping } ?? waiting.first ?? replicas.first)?.id.index
    }
}
