import ControlProtocol

/// A replica in a list. While one is replaced that serves until the other is ready, there are two of its name.
struct ReplicaRow: Hashable, Sendable {
    enum Role: Hashable, Sendable {
        case only
        /// Of two, the one that goes.
        case former
        /// Of two, the one that comes, or has come already.
        case successor
    }

    var replica: ReplicaDocument
    var role: Role

    /// `backend/0`, or, where there are two of that name, `backend/0 (old)` and `backend/0 (new)`
    var name: String {
        switch role {
        case .only: replica.name
        case .former: "\(replica.name) (old)"
        case .successor: "\(replica.name) (new)"
        }
    }

    /// `backend/0 waiting: waits for db (service_healthy)`
    func line(for aim: Aim = .readiness) -> String {
        replica.line(for: aim, as: name)
    }
}

extension ServiceDocument {
    /// Its replicas by their indices; of two of a name, the one that goes before the one that comes.
    var rows: [ReplicaRow] {
        let groups = Dictionary(grouping: replicas, by: \.replica)
        return groups.keys.sorted().flatMap { index -> [ReplicaRow] in
            guard let twins = groups[index], twins.count > 1 else {
                return (groups[index] ?? []).map { ReplicaRow(replica: $0, role: .only) }
            }
            // The daemon has the one that comes behind the other, until that is being stopped.
            let former = twins.firstIndex { $0.state == .stopping } ?? 0
            return [ReplicaRow(replica: twins[former], role: .former)]
                + twins.indices.filter { $0 != former }.map { ReplicaRow(replica: twins[$0], role: .successor) }
        }
    }
}
