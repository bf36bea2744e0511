import ControlProtocol

/// By what `top` sorts its rows.
struct TopOrder: Hashable, Sendable {
    enum Key: Hashable, Sendable, CaseIterable {
        case name, state, processor, memory, restarts, since
    }

    private(set) var key = Key.name
    private(set) var isReversed = false

    /// Sorts by another key, or by the same the other way round.
    mutating func choose(_ key: Key) {
        isReversed = key == self.key && !isReversed
        self.key = key
    }

    /// What is largest, newest or worst comes first; names go up. Equal rows are in the order of their names.
    func sorted(_ rows: [TopRow]) -> [TopRow] {
        let byName = rows.sorted { ($0.replica.service, $0.replica.replica) < ($1.replica.service, $1.replica.replica) }
        let sorted: [TopRow] =
            switch key {
            case .name: byName
            case .state: byName.stablySorted { $0.replica.urgency > $1.replica.urgency }
            case .processor: byName.stablySorted { $0.processor > $1.processor }
            case .memory: byName.stablySorted { $0.memory > $1.memory }
            case .restarts: byName.stablySorted { $0.replica.restarts > $1.replica.restarts }
            case .since: byName.stablySorted { $0.replica.since > $1.replica.since }
            }
        return isReversed ? sorted.reversed() : sorted
    }
}

extension Array {
    /// The standard library's sort is stable, which it does not promise.
    fileprivate func stablySorted(_ isBefore: (Element, Element) -> Bool) -> [Element] {
        enumerated().sorted { left, right in
            if isBefore(left.element, right.element) { return true }
            return !isBefore(right.element, left.element) && left.offset < right.offset
        }.map(\.element)
    }
}

extension ReplicaDocument {
    /// How much a state asks for a look.
    fileprivate var urgency: Int {
        switch state {
        case .failed: 4
        case .backoff: 3
        case .waiting, .starting, .stopping: 2
        case .running: ready ? 0 : 3
        case .stopped, .scheduled, .completed: 1
        }
    }
}
