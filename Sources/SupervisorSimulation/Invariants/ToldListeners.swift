import StackModel
import SupervisorCore

/// The listeners of a service, as an observer knows them.
struct ToldListeners {
    enum State {
        case closed, opening, open, failed
    }

    private(set) var state = State.closed
    /// Those that were ordered last.
    private(set) var ordered: [ServiceRevision] = []
    /// Those of the latest order that was carried out.
    private(set) var bound: [ServiceRevision] = []
    /// Orders that are not answered, the earliest first.
    private var unanswered: [[ServiceRevision]] = []

    var isAwaitingAnswers: Bool { !unanswered.isEmpty }

    /// Something is bound, or may be.
    var mayBeOpen: Bool {
        switch state {
        case .closed: false
        case .opening, .open: true
        case .failed: !bound.isEmpty
        }
    }

    mutating func order(_ revisions: [ServiceRevision]) {
        state = .opening
        ordered = revisions
        unanswered.append(revisions)
    }

    /// Where one cannot be bound, all is as before. What was ordered since then counts.
    mutating func answer(isOpen: Bool) {
        guard !unanswered.isEmpty else { return }
        let revisions = unanswered.removeFirst()
        if state == .closed { return }
        if isOpen { bound = revisions }
        if unanswered.isEmpty { state = isOpen ? .open : .failed }
    }

    mutating func close() {
        state = .closed
        ordered = []
        bound = []
    }

    /// Those that an instance of the spec inherits are there.
    func include(_ spec: ServiceSpec) -> Bool {
        spec.listeners.isEmpty || bound.contains { $0.spec.listeners == spec.listeners }
    }

    /// They are those of the spec, and no others.
    func areExactly(_ spec: ServiceSpec) -> Bool {
        if spec.listeners.isEmpty { return state == .closed }
        return state == .open && bound.allSatisfy { $0.spec.listeners == spec.listeners }
    }
}
