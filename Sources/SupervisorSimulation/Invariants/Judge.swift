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

    /// Time has passed, and the core has not been told anything.
    mutating func pass(to time: Instant) {
        if time > now { stepsAtThisMoment = 0 }
        told.pass(to: time)
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
        told.lastReleased = nil
        for effect in effects { try take(effect) }
        if let nextDeadline, nextDeadline < told.servedUntil {
            throw violation(.progress, "the next deadline is \(nextDeadline.sinceOrigin.text)")
        }
        if hasStopped, let nextDeadline {
            throw violation(.progress, "the stack is stopped, and waits for \(nextDeadline.sinceOrigin.text)")
        }
        try checkAnswered()
        try checkScaling()
        try checkSettled()
    }

    private mutating func take(_ effect: Effect) throws(Violation) {
        if hasStopped { try checkAfterTheEnd(effect) }
        switch effect {
        case .openListeners(let revisions): try openListeners(revisions)
        case .closeListeners(let name): try closeListeners(name)
        case .spawn(let id, let replica, let revision): try spawn(id, replica, revision)
        case .adopt(let id, let revision): try adopt(id, revision)
        case .runPreStop(let id): try runPreStop(id)
        case .signal(let id, let signal, let scope): try self.signal(id, signal, scope)
        case .kill(let id): try kill(id)
        case .startProbe(let id, let run): try start(run, of: id)
        case .cancelProbe(let id, let run): try cancel(run, of: id)
        case .enterRotation(let id): try enterRotation(id)
        case .leaveRotation(let id): try leaveRotation(id)
        case .measure(let measurement): try measure(measurement)
        case .measureLoad(let request): try measureLoad(request)
        case .awaitConnection(let name): try awaitConnection(name)
        case .ignoreConnections(let name): try ignoreConnections(name)
        case .keepRevisions(let name, let revisions): try keep(revisions, of: name)
        case .release(let id): try release(id)
        case .record(let record): try write(record)
        case .publish(let event): try read(event)
        case .stackStopped: try stop()
        }
    }

    /// An effect may only concern an instance that is there.
    func instance(_ id: InstanceID, for effect: String) throws(Violation) -> ToldInstance {
        guard let instance = told.instance(id) else {
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
        for instance in told.services.indices.flatMap({ told.instances(of: $0) }) {
            let replica = told.replicas[instance.replica].id
            throw violation(.nothingLeft, "the stack is stopped while \(instance.id) of \(replica) is there")
        }
        for service in told.services where service.listeners.mayBeOpen {
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

    /// They are those of what counts, and of what is replaced by it where that has others.
    private mutating func openListeners(_ revisions: [ServiceRevision]) throws(Violation) {
        guard let first = revisions.first else {
            throw violation(.lifecycle, "the listeners of no revision are opened")
        }
        let name = first.spec.name
        guard let index = told.index(of: name), told.services[index].isListed else {
            throw violation(.change, "the listeners of \(name) are opened, which is not in the stack file")
        }
        let service = told.services[index]
        let known = [service.revision] + service.rollouts.former
        guard known.contains(where: { $0.spec.listeners == first.spec.listeners }) else {
            throw violation(.change, "the listeners of \(name) are not those of the revision that counts")
        }
        for instance in service.rows.compactMap({ told.replicas[$0].instance })
        where !instance.isEnding && !revisions.haveListeners(of: instance.spec) {
            throw violation(.change, "the listeners of \(name) change while \(instance.id) has the former ones")
        }
        for revision in revisions.dropFirst() {
            let isNeeded = service.rows.contains { row in
                told.replicas[row].revision?.spec.listeners == revision.spec.listeners
            }
            guard isNeeded || service.rollouts.current != nil else {
                throw violation(.change, "the listeners of \(name) are those of a revision that nothing is of")
            }
        }
        switch service.listeners.state {
        case .closed, .failed: break
        case .opening, .open:
            guard !service.listeners.ordered.haveSameListeners(as: revisions) else {
                throw violation(.lifecycle, "the listeners of \(name) are opened twice")
            }
        }
        told.services[index].listeners.order(revisions)
    }

    private mutating func closeListeners(_ name: ServiceName) throws(Violation) {
        guard let index = told.index(of: name) else { return }
        if told.services[index].listeners.state == .closed {
            throw violation(.lifecycle, "the listeners of \(name) are closed though they are not open")
        }
        let rows = told.services[index].rows.compactMap { told.replicas[$0].instance }
        for instance in rows where !instance.isEnding && !instance.spec.listeners.isEmpty {
            throw violation(.change, "the listeners of \(name) are closed while \(instance.id) has them")
        }
        told.services[index].listeners.close()
    }
}

extension [ServiceRevision] {
    fileprivate func haveListeners(of spec: ServiceSpec) -> Bool {
        spec.listeners.isEmpty || contains { $0.spec.listeners == spec.listeners }
    }

    fileprivate func haveSameListeners(as other: [ServiceRevision]) -> Bool {
        count == other.count && zip(self, other).allSatisfy { $0.spec.listeners == $1.spec.listeners }
    }
}
