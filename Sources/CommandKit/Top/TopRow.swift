import ControlProtocol

/// A replica in the table of `top`.
struct TopRow: Hashable, Sendable {
    /// What stays the same from sample to sample, also where the replica is restarted.
    struct ID: Hashable, Sendable {
        var name: ReplicaName
        /// Of two of that name, it is the one that comes.
        var isSuccessor = false

        init(_ row: ReplicaRow) {
            name = ReplicaName(service: row.replica.service, index: row.replica.replica)
            isSuccessor = row.role == .successor
        }
    }

    var row: ReplicaRow
    var history: UsageHistory

    var id: ID { ID(row) }
    var replica: ReplicaDocument { row.replica }
    var name: String { row.name }

    /// What runs comes before what does not.
    var processor: Double { history.processorPercent ?? -1 }
    var memory: UInt64 { history.memoryBytes ?? 0 }

    /// - Parameter words: all of which must be found in its name or state.
    func matches(_ words: [Substring]) -> Bool {
        let text = "\(name) \(replica.word)".lowercased()
        return words.allSatisfy { text.contains($0) }
    }
}

typealias ReplicaName = LogPosition.Replica

extension ReplicaName {
    /// `backend/0`
    var text: String { "\(service)/\(index)" }
}
