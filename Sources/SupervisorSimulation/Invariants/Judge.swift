import StackModel
import SupervisorCore

/// Watches a core from outside, event by event and effect by effect, and says which invariant breaks first.
///
/// It derives all that it knows from what passes between the core and the world, so that it cannot share a mistake
/// with the core.
struct Judge {
    var told: Told
    /// The one made last, maybe by an earlier daemon.
    var lastInstance: InstanceID
    /// The instance that the journal knows of and that is about to be made.
    var announced: InstanceID?
    /// Those that the journal holds for alive.
    var journalled: Set<InstanceID> = []
    private(set) var lastEvent: UInt64 = 0
    private(set) var hasStopped = false
    private var stepsAtThisMoment = 0

    /// More steps than any world has at one moment.
    private static let stepLimit = 2_000
    /// More effects than one step can have.
    private static let effectLimit = 5_000

    init(_ universe: Universe, _ beginning: Beginning = Beginning()) {
        told = Told(universe, beginning)
        lastInstance = InstanceID(serial: beginning.restored.nextInstance - 1)
    }

    var now: Instant { told.now }

    func violation(_ invariant: Invariant, _ detail: String) -> Violation {
        Violation(invariant, at: now, detail)
    }

    /// The core is about to be told an event.
    mutating func take(_ event: Event, at time: Instant) throws(Violation) {
        stepsAtThisMoment = time > now ? 0 : stepsAtThisMoment + 1
        told.pass(to: time)
        guard stepsAtThisMoment < Self.stepLimit else {
            throw violation(.progress, "the core has been busy for \(stepsAtThisMoment) steps")
        }
        told.take(event)
    }

    /// The core has answered with these effects, is settled, and waits for that deadline.
    mutating func take(_ effects: [Effect], nextDeadline: Instant?) throws(Violation) {
        guard effects.count < Self.effectLimit else {
            throw violation(.progress, "one step has \(effects.count) effects")
        }
        for effect in effects { try take(effect) }
        if let nextDeadline, nextDeadline < told.servedUntil {
            throw violation(.progress, "the next deadline is \(nextDeadline.sinceOrigin.text)")
        }
        if hasStopped, let nextDeadline {
            throw violation(.progress, "the stack is stopped, and waits for \(nextDeadline.sinceOrigin.text)")
        }
        try checkAnswered()
        try checkSettled()
    }

    private mutating func take(_ effect: Effect) throws(Violation) {
        if hasStopped { try checkAfterTheEnd(effect) }
        switch effect {
        case .openListeners(let revision): try openListeners(revision)
        case .closeListeners(let name): try closeListeners(name)
        case .spawn(let id, let replica, let revision): try spawn(id, replica, revision)
        case .runPreStop(let id): try runPreStop(id)
        case .signal(let id, let signal, let scope): try self.signal(id, signal, scope)
        case .kill(let id): try kill(id)
        case .startProbe(let id, let run): try start(run, of: id)
        case .cancelProbe(let id, let run): try cancel(run, of: id)
        case .release(let id): try release(id)
        case .record(let record): try write(record)
        case .publish(let event): try read(event)
        case .stackStopped: try stop()
        }
    }

    /// An effect may only concern an instance that is there.
    func instance(_ id: InstanceID, for effect: String) throws(Violation) -> ToldInstance {
        guard let position = told.position(of: id), let instance = told.replicas[position].instance else {
            throw violation(.lifecycle, "\(effect) concerns \(id), which was never made or is released")
        }
        return instance
    }

    // MARK: Events

    private mutating func read(_ event: StackEvent) throws(Violation) {
        guard event.id.number == lastEvent + 1 else {
            throw violation(.causality, "event \(event.id) follows event \(lastEvent)")
        }
        lastEvent += 1
        if let cause = event.cause, cause >= event.id || cause.number == 0 {
            throw violation(.causality, "event \(event.id) is caused by event \(cause)")
        }
        guard event.time == now else {
            throw violation(.causality, "event \(event.id) is of \(event.time.sinceOrigin.text)")
        }
        switch event.subject {
        case .instance(let id, let replica): try read(event.reason, of: id, replica)
        case .replica(let replica): try read(event.reason, of: replica)
        case .service(let name): try read(event.reason, of: name)
        case .stack: break
        }
    }

    // MARK: The end

    private mutating func stop() throws(Violation) {
        guard !hasStopped else { throw violation(.nothingLeft, "the stack is stopped a second time") }
        hasStopped = true
        for replica in told.replicas {
            guard let instance = replica.instance else { continue }
            throw violation(.nothingLeft, "the stack is stopped while \(instance.id) of \(replica.id) is there")
        }
        for service in told.services where service.listeners != .closed {
            throw violation(.nothingLeft, "the stack is stopped while the listeners of \(service.name) are not closed")
        }
        guard journalled.isEmpty else {
            throw violation(.journal, "the journal holds \(journalled.sorted()) for alive when the stack is stopped")
        }
    }

    private func checkAfterTheEnd(_ effect: Effect) throws(Violation) {
        if case .publish = effect { return }
        throw violation(.nothingLeft, "the stack is stopped, and then asks for \(effect.summary)")
    }

    // MARK: Listeners

    private mutating func openListeners(_ revision: ServiceRevision) throws(Violation) {
        let (name, listeners) = (revision.spec.name, revision.spec.listeners)
        guard let index = told.index(of: name), told.services[index].isListed else {
            throw violation(.change, "the listeners of \(name) are opened, which is not in the stack file")
        }
        if told.hasInstance(index) {
            throw violation(.change, "the listeners of \(name) change while its instances have the former ones")
        }
        switch told.services[index].listeners {
        case .closed, .failed: break
        case .opening, .open:
            guard told.services[index].boundListeners != listeners else {
                throw violation(.lifecycle, "the listeners of \(name) are opened twice")
            }
        }
        told.services[index].listeners = .opening
        told.services[index].boundListeners = listeners
        told.services[index].unansweredOpenings += 1
    }

    private mutating func closeListeners(_ name: ServiceName) throws(Violation) {
        guard let index = told.index(of: name) else { return }
        if told.services[index].listeners == .closed {
            throw violation(.lifecycle, "the listeners of \(name) are closed though they are not open")
        }
        told.services[index].listeners = .closed
        told.services[index].boundListeners = []
    }
}
