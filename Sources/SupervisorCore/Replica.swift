import StackModel

/// One slot of a service, or what stands beside it while it is replaced: at most one instance at a time, and what comes
/// between two.
struct Replica: Sendable {
    enum State: Sendable {
        /// Nothing runs and nothing is wanted. → waiting
        case stopped
        /// It is of a scheduled service and has not run yet, or was stopped in its last run. → waiting, stopped
        case scheduled
        /// An instance is wanted, and held back by what `hold` says, if anything. → active, failed, stopped
        case waiting(Hold?)
        /// The delay before the next start runs; its deadline ends it. → waiting, stopped
        case backingOff
        /// There is an instance. → waiting, backingOff, completed, failed, stopped
        case active(InstanceMachine)
        /// It has ended well, which was its aim; a scheduled one is until its next run. → waiting, stopped
        case completed
        /// It has ended badly and is given up; a scheduled one is until its next run. → waiting, stopped
        case failed
        /// A dependency can never come to hold; it is tried again should that change. → waiting, stopped
        case unstartable(because: ServiceName)
    }

    /// What keeps a wanted instance from being made.
    enum Hold: Hashable, Sendable {
        case dependency(ServiceName, DependencySpec.Condition)
        case listeners
    }

    let id: ReplicaID
    let slots: DeadlineSlots
    /// What its next instance is made from; that of the present one, unless that is ending.
    var revision: ServiceRevision
    /// What its latest instance was made of, or has taken over; nil where it has had none since it was stopped.
    private(set) var latest: ServiceRevision?
    private(set) var state = State.stopped
    /// What others may depend on, kept beside the state because it is asked for far more often than it changes.
    private(set) var standing = Standing(phase: .stopped, isRunning: false, isReady: false)
    private(set) var since: Instant
    /// When it last became ready, or ceased to be.
    private(set) var readinessSince = Instant.origin
    var history = RestartHistory()
    /// How the last instance that had a process ended, and when.
    private(set) var lastExit: (status: ExitStatus, time: Instant)?
    /// The latest event about it or its instance, the cause of the next.
    private(set) var lastEvent: StackEvent?
    /// What to name as the cause of its next event, where that is not the latest one about it.
    private var nextCause: EventID?
    /// That it waits for its dependents to stop has been told.
    private var heldStop: ServiceName?
    /// Somebody asked for a start while the instance was ending: what follows its end is a fresh start.
    private var isWantedAgain = false

    init(id: ReplicaID, revision: ServiceRevision, slots: DeadlineSlots, at now: Instant) {
        self.id = id
        self.revision = revision
        self.slots = slots
        since = now
    }

    private mutating func enter(_ state: State, in context: inout Context) {
        self.state = state
        if case .stopped = state { latest = nil }
        since = context.now
        standing = state.standing
    }

    private mutating func publish(_ reason: Reason, causedBy cause: EventID? = nil, in context: inout Context) {
        lastEvent = context.publish(reason, about: .replica(id), cause: cause ?? nextCause ?? lastEvent?.id)
        nextCause = nil
    }
}

// MARK: - What can be read of it

extension Replica {
    var instance: InstanceMachine? {
        guard case .active(let instance) = state else { return nil }
        return instance
    }

    var hasInstance: Bool {
        if case .active = state { true } else { false }
    }

    /// Its instance is on its way out.
    var isEnding: Bool { standing.phase == .stopping }
    var isReady: Bool { standing.isReady }
    var isRunning: Bool { standing.isRunning }
    var hasCompleted: Bool { standing.phase == .completed }
    /// It will not start again unless somebody, or a dependency, changes something.
    var hasFailed: Bool { standing.phase == .failed }
    var phase: ReplicaPhase { standing.phase }

    /// Nothing of it runs, and nothing will by itself.
    var isAtRest: Bool {
        switch state {
        case .stopped, .scheduled, .completed, .failed, .unstartable: true
        case .waiting, .backingOff, .active: false
        }
    }

    /// All of it that another service may depend on.
    struct Standing: Equatable, Sendable {
        var phase: ReplicaPhase
        /// Its process exists, and nobody has asked it to end.
        var isRunning: Bool
        var isReady: Bool
    }
}

extension Replica.State {
    fileprivate var standing: Replica.Standing {
        switch self {
        case .stopped: Replica.Standing(phase: .stopped, isRunning: false, isReady: false)
        case .scheduled: Replica.Standing(phase: .scheduled, isRunning: false, isReady: false)
        case .waiting: Replica.Standing(phase: .waiting, isRunning: false, isReady: false)
        case .backingOff: Replica.Standing(phase: .backoff, isRunning: false, isReady: false)
        case .active(let instance):
            Replica.Standing(phase: instance.phase, isRunning: instance.isRunning, isReady: instance.isReady)
        case .completed: Replica.Standing(phase: .completed, isRunning: false, isReady: false)
        case .failed, .unstartable: Replica.Standing(phase: .failed, isRunning: false, isReady: false)
        }
    }
}

// MARK: - Between instances

extension Replica {
    /// An instance is wanted from now on. What had ended for good begins afresh if `again`.
    mutating func want(again: Bool, causedBy cause: EventID?, in context: inout Context) {
        heldStop = nil
        switch state {
        case .stopped, .scheduled:
            begin(causedBy: cause, in: &context)
        case .completed, .failed, .backingOff:
            guard again else { return }
            context.deadlines[slots[.backoff]] = nil
            begin(causedBy: cause, in: &context)
        case .active:
            if again { isWantedAgain = isEnding }
        case .waiting, .unstartable:
            break
        }
    }

    /// An instance is wanted when the schedule says so.
    mutating func awaitRun(causedBy cause: EventID?, in context: inout Context) {
        guard case .stopped = state else { return }
        publish(.waitsForSchedule, causedBy: cause, in: &context)
        enter(.scheduled, in: &context)
    }

    private mutating func begin(causedBy cause: EventID?, in context: inout Context) {
        history.forgive()
        nextCause = cause
        enter(.waiting(nil), in: &context)
    }

    /// Nothing holds it back: its instance is ordered.
    mutating func spawn(_ id: InstanceID, in context: inout Context) {
        guard case .waiting = state else { return }
        let instance = InstanceMachine(
            id: id, replica: self.id, revision: revision, slots: slots, cause: nextCause ?? lastEvent?.id,
            in: &context)
        nextCause = nil
        latest = revision
        lastEvent = instance.lastEvent
        enter(.active(instance), in: &context)
    }

    mutating func hold(by hold: Hold, in context: inout Context) {
        guard case .waiting(let before) = state, before != hold else { return }
        state = .waiting(hold)
        switch hold {
        case .dependency(let name, let condition): publish(.waitsForDependency(name, condition), in: &context)
        case .listeners: publish(.waitsForListeners, in: &context)
        }
    }

    /// A dependency can never come to hold.
    mutating func fail(
        because name: ServiceName, _ condition: DependencySpec.Condition, causedBy cause: EventID?,
        in context: inout Context
    ) {
        guard case .waiting = state else { return }
        publish(.dependencyCannotHold(name, condition), causedBy: cause, in: &context)
        enter(.unstartable(because: name), in: &context)
    }

    /// What made it unstartable is over.
    mutating func reconsider(in context: inout Context) {
        guard case .unstartable = state else { return }
        enter(.waiting(nil), in: &context)
    }

    mutating func backoffPassed(in context: inout Context) {
        guard case .backingOff = state else { return }
        enter(.waiting(nil), in: &context)
    }

    mutating func stablePeriodPassed() {
        history.forgetStreak()
    }
}

// MARK: - Going down

extension Replica {
    /// Nothing shall run; an instance is asked to end unless that is under way.
    mutating func stop(
        _ cause: StopCause, immediately: Bool = false, grace: Duration? = nil, causedBy event: EventID?,
        in context: inout Context
    ) {
        heldStop = nil
        switch state {
        case .stopped:
            break
        case .scheduled, .waiting, .backingOff, .completed, .failed, .unstartable:
            context.deadlines[slots[.backoff]] = nil
            publish(.stopped, causedBy: event, in: &context)
            enter(.stopped, in: &context)
        case .active:
            changeInstance(in: &context) { instance, context in
                instance.stop(cause, immediately: immediately, grace: grace, causedBy: event, in: &context)
            }
        }
    }

    /// Its instance goes on until that of a dependent is gone.
    mutating func holdStop(for dependent: ServiceName, in context: inout Context) {
        guard case .active(let instance) = state, !instance.isEnding, heldStop != dependent else { return }
        heldStop = dependent
        publish(.waitsForDependents(dependent), in: &context)
    }
}

// MARK: - Another revision

extension Replica {
    /// Its next instance is of that revision, and there is a next one: what it has is ended, failures are forgiven.
    mutating func replace(
        by revision: ServiceRevision, _ why: Replacement, causedBy event: EventID?, in context: inout Context
    ) {
        self.revision = revision
        heldStop = nil
        publish(.rollout(.replaced(by: why.number)), causedBy: event, in: &context)
        history.forgive()
        switch state {
        case .stopped, .scheduled, .completed, .failed, .backingOff:
            context.deadlines[slots[.backoff]] = nil
            enter(.waiting(nil), in: &context)
        case .active(let instance) where instance.isEnding:
            isWantedAgain = true
        case .active:
            stop(why.stopCause, grace: why.grace, causedBy: lastEvent?.id, in: &context)
        case .waiting, .unstartable:
            break
        }
    }

    /// Why, and how, an instance gives way to one of another revision.
    struct Replacement: Hashable, Sendable {
        var number: Int
        var cause: RolloutCause
        var grace: Duration?

        var stopCause: StopCause { .replaced(by: number, cause) }
    }

    /// It stands beside what it is to replace.
    mutating func announceReplacement(_ number: Int, causedBy event: EventID?, in context: inout Context) {
        publish(.rollout(.replaced(by: number)), causedBy: event, in: &context)
    }

    /// What counts for its instance from now on; it need not be made anew for that.
    mutating func adopt(_ revision: ServiceRevision, in context: inout Context) {
        self.revision = revision
        if latest?.makesSame(as: revision) ?? false { latest = revision }
        changeInstance(in: &context) { $0.adopt(revision, in: &$1) }
    }

    /// It goes on with the revision that counts now where it can, and else with what it was made of.
    mutating func fit(_ target: ServiceRevision, in context: inout Context) {
        if revision.makesSame(as: target) || latest?.makesSame(as: target) ?? false {
            adopt(target, in: &context)
        } else {
            revision = latest ?? revision
        }
    }

    /// It takes the place of the other, and goes on with what is remembered of that.
    mutating func succeed(_ former: Replica) {
        history.count(former.history)
        if lastExit == nil { lastExit = former.lastExit }
    }
}

// MARK: - Its instance

extension Replica {
    /// Changes the instance, and keeps what the replica derives from it.
    mutating func changeInstance(in context: inout Context, _ change: (inout InstanceMachine, inout Context) -> Void) {
        guard case .active(var instance) = state else { return }
        // Taken out while it changes, so that it is changed in place and not copied.
        state = .stopped
        let (phase, wasReady) = (instance.phase, instance.isReady)
        change(&instance, &context)
        lastEvent = instance.lastEvent
        if instance.phase != phase || instance.isReady != wasReady { since = context.now }
        if instance.isReady != wasReady {
            readinessSince = context.now
            context.deadlines[slots[.stable]] = instance.isReady ? context.now.advanced(by: history.stablePeriod) : nil
        }
        state = .active(instance)
        standing = state.standing
    }

    /// What follows the end of its instance. `brokenDependency`: the dependency that was down then, with the root cause.
    mutating func concludeInstance(
        isWanted: Bool, brokenDependency: (name: ServiceName, rootCause: EventID?)?, in context: inout Context
    ) {
        guard case .active(let instance) = state, let end = instance.end else { return }
        let restart = instance.spec.restart
        if case .exited(let status) = end.manner { lastExit = (status, end.time) }
        defer { isWantedAgain = false }
        guard isWanted else {
            publish(.stopped, in: &context)
            return enter(.stopped, in: &context)
        }
        if let cause = end.cause, !cause.isFailure {
            return enter(.waiting(nil), in: &context)
        }
        if isWantedAgain { return begin(causedBy: nil, in: &context) }
        if !end.isFailure, restart.isOneShot || instance.spec.schedule != nil {
            publish(.completed, in: &context)
            return enter(.completed, in: &context)
        }
        if case .notSpawned(_, isTransient: true) = end.manner {
            let delay = history.delayAfterTransientFailure(restart.backoff, random: &context.random)
            return backOff(for: delay, in: &context)
        }
        if let brokenDependency, restart.mode != .no {
            history.noteUncountedRestart()
            publish(
                .restartsWithDependency(brokenDependency.name), causedBy: brokenDependency.rootCause, in: &context)
            return enter(.waiting(nil), in: &context)
        }
        decideRestart(restart, after: end, in: &context)
    }

    private mutating func decideRestart(
        _ restart: RestartSpec, after end: InstanceEnd, in context: inout Context
    ) {
        switch history.decide(
            restart, after: end.restartCause, wasReady: end.wasReady, at: context.now, random: &context.random)
        {
        case .restartAtOnce:
            publish(.restartsAtOnce, in: &context)
            enter(.waiting(nil), in: &context)
        case .restart(let delay):
            backOff(for: delay, in: &context)
        case .giveUp(let why):
            publish(.gaveUp(why), in: &context)
            enter(.failed, in: &context)
        }
    }

    private mutating func backOff(for delay: Duration, in context: inout Context) {
        publish(.restartsAfter(delay), in: &context)
        enter(.backingOff, in: &context)
        context.deadlines[slots[.backoff]] = context.now.advanced(by: delay)
    }
}

extension RestartSpec {
    /// Exit status 0 ends it for good.
    fileprivate var isOneShot: Bool {
        switch mode {
        case .no, .onFailure: true
        case .always, .unlessStopped: false
        }
    }
}
