import StackModel

/// The instances that there is something of. Of one replica there may be several at a time: one that comes beside one
/// that goes.
struct LiveInstances {
    private var byID: [InstanceID: LiveInstance] = [:]
    /// Each replica's, the oldest first.
    private var byReplica: [ReplicaID: [LiveInstance]] = [:]

    subscript(id: InstanceID) -> LiveInstance? { byID[id] }

    /// In the order of their replicas, then of their ages.
    var all: [LiveInstance] { byID.values.sorted { ($0.replica, $0.id) < ($1.replica, $1.id) } }

    func all(of replica: ReplicaID) -> [LiveInstance] { byReplica[replica] ?? [] }

    /// The smallest number that no instance of the replica has.
    func freeLane(of replica: ReplicaID) -> Int {
        let taken = all(of: replica).map(\.lane)
        return (0...taken.count).first { !taken.contains($0) } ?? taken.count
    }

    mutating func add(_ instance: LiveInstance) {
        byID[instance.id] = instance
        byReplica[instance.replica, default: []].append(instance)
    }

    mutating func remove(_ id: InstanceID) -> LiveInstance? {
        guard let instance = byID.removeValue(forKey: id) else { return nil }
        byReplica[instance.replica]?.removeAll { $0 === instance }
        if byReplica[instance.replica]?.isEmpty == true { byReplica[instance.replica] = nil }
        return instance
    }
}
