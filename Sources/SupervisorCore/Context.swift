import StackModel

/// What a transition may touch besides its own state: the time, the effects, the deadlines, the dice, the record.
struct Context: Sendable {
    private(set) var now: Instant = .origin
    private(set) var effects: [Effect] = []
    var deadlines = DeadlineQueue()
    var random: SplitMix64
    private(set) var events = EventRing()

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    /// Takes the caller's buffer for one turn, so that effects go straight into it.
    mutating func begin(at now: Instant, taking effects: inout [Effect]) {
        self.now = max(self.now, now)
        swap(&self.effects, &effects)
    }

    mutating func end(returning effects: inout [Effect]) {
        swap(&self.effects, &effects)
    }

    mutating func perform(_ effect: Effect) {
        effects.append(effect)
    }

    @discardableResult
    mutating func publish(_ reason: Reason, about subject: Subject, cause: EventID?) -> StackEvent {
        let event = events.append(reason, about: subject, at: now, cause: cause)
        effects.append(.publish(event))
        return event
    }
}

/// The latest events, so that a chain of causes can be followed back; as many as its capacity.
struct EventRing: Sendable {
    static let capacity = 2048
    private var events: [StackEvent] = []
    private var next: UInt64 = 1

    subscript(id: EventID) -> StackEvent? {
        guard id.number > 0, id.number < next else { return nil }
        let event = events[Self.position(id.number)]
        return event.id == id ? event : nil
    }

    mutating func append(_ reason: Reason, about subject: Subject, at now: Instant, cause: EventID?) -> StackEvent {
        let event = StackEvent(
            id: EventID(number: next), time: now, subject: subject, reason: reason, cause: cause)
        if events.count < Self.capacity {
            events.append(event)
        } else {
            events[Self.position(next)] = event
        }
        next += 1
        return event
    }

    private static func position(_ number: UInt64) -> Int {
        Int((number - 1) % UInt64(capacity))
    }
}
