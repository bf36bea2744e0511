import SupervisorCore

/// What has happened since the core was last told, in its order. It belongs to the loop's thread.
///
/// Whoever finds something out puts it here and goes on; the runner takes it to the core at the end of the turn. So no
/// effect is carried out from within the handler that caused it.
final class EventQueue {
    private var events: [Event] = []

    func post(_ event: Event) {
        events.append(event)
    }

    /// Everything that is there, leaving nothing.
    func takeAll() -> [Event] {
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    var isEmpty: Bool { events.isEmpty }
}
