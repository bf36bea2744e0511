import ControlProtocol

/// A replica in the table of `top`.
struct TopRow: Hashable, Sendable {
    var replica: ReplicaDocument
    var history: UsageHistory

    var name: ReplicaName { ReplicaName(service: replica.service, index: replica.replica) }

    /// What runs comes before what does not.
    var processor: Double { history.processorPercent ?? -1 }
    var memory: UInt64 { history.memoryBytes ?? 0 }

    /// - Parameter words: all of which must be found in its name or state.
    func matches(_ words: [Substring]) -> Bool {
        let text = "\(replica.name) \(replica.word)".lowercased()
        return words.allSatisfy { text.contains($0) }
    }
}

typealias ReplicaName = LogPosition.Replica

extension ReplicaName {
    /// `backend/0`
    var text: String { "\(service)/\(index)" }
}
