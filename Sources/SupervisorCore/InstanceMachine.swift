import StackModel

/// One instance: turns what happens to it into what must be done about it. Its table stands at `InstanceState`.
struct InstanceMachine: Sendable {
    let id: InstanceID
    let replica: ReplicaID
    /// What it was made from, or has taken over since.
    var revision: ServiceRevision
    var state = InstanceState.spawning
    /// The service's own words.
    var status: String?
    /// The latest event about it, the cause of the next.
    var lastEvent: StackEvent
    let slots: DeadlineSlots
    var rotation = Rotation.outside
    /// How long it has to end, where whoever asked for that said so; else its spec does.
    private(set) var grace: Duration?

    /// Orders the process.
    init(
        id: InstanceID, replica: ReplicaID, revision: ServiceRevision, slots: DeadlineSlots, cause: EventID?,
        in context: inout Context
    ) {
        self.id = id
        self.replica = replica
        self.revision = revision
        self.slots = slots
        context.perform(.record(.creating(id, replica, revision.spec.revision)))
        lastEvent = context.publish(.spawning(revision.spec.revision), about: .instance(id, of: replica), cause: cause)
        context.perform(.spawn(id, replica, revision))
    }

    var spec: ServiceSpec { revision.spec }

    /// How long each step of its end may take: the hook, what follows the signal, and what it leaves behind.
    var gracePeriod: Duration { grace ?? spec.stop.gracePeriod }

    /// Who asks again may leave it less time, and not more than it has. False: nothing changes.
    mutating func limit(to grace: Duration?) -> Bool {
        guard let grace, grace != self.grace, !isEnding || grace < gracePeriod else { return false }
        self.grace = grace
        return true
    }

    mutating func publish(_ reason: Reason, causedBy cause: EventID? = nil, in context: inout Context) {
        lastEvent = context.publish(reason, about: .instance(id, of: replica), cause: cause ?? lastEvent.id)
    }
}

// MARK: - What can be read of it

extension InstanceMachine {
    /// It takes work: it is up, its readiness holds, and nobody, itself included, has said that it stops.
    var isReady: Bool {
        guard case .up(let process) = state else { return false }
        return process.readinessHolds && !process.announcedStopping
    }

    /// Its process exists and nobody has asked it to end.
    var isRunning: Bool {
        switch state {
        case .starting, .up: true
        case .spawning, .abandoned, .stopping, .clearing, .ended: false
        }
    }

    /// It is being ended, or what it left is.
    var isEnding: Bool {
        switch state {
        case .abandoned, .stopping, .clearing, .ended: true
        case .spawning, .starting, .up: false
        }
    }

    var end: InstanceEnd? {
        guard case .ended(let end) = state else { return nil }
        return end
    }

    var pid: Int32? {
        switch state {
        case .starting(let process), .up(let process): process.pid
        case .stopping(let process): process.pid
        case .spawning, .abandoned, .clearing, .ended: nil
        }
    }

    var phase: ReplicaPhase {
        switch state {
        case .spawning, .starting: .starting
        case .up: .running
        case .abandoned, .stopping, .clearing, .ended: .stopping
        }
    }

    /// What its probes last objected to, for whoever asks why it is not ready.
    var lastProbeFailure: (role: ProbeRole, seen: String)? {
        switch state {
        case .starting(let process):
            process.startup?.lastFailure.map { (.startup, $0) }
        case .up(let process):
            process.readiness?.lastFailure.map { (.readiness, $0) }
                ?? process.liveness?.lastFailure.map { (.liveness, $0) }
        case .spawning, .abandoned, .stopping, .clearing, .ended: nil
        }
    }
}

// MARK: - The process comes to be

extension InstanceMachine {
    mutating func spawned(pid: Int32, in context: inout Context) {
        let process = RunningProcess(
            pid: pid, spawnedAt: context.now, startup: probe(.startup, spec.probes.startup),
            readiness: probe(.readiness, spec.probes.readiness), liveness: probe(.liveness, spec.probes.liveness),
            isNotified: !spec.awaitsNotification, startupHasPassed: spec.probes.startup.isNilOrNotify,
            readinessHolds: spec.probes.readiness.isNilOrNotify)
        switch state {
        case .spawning:
            context.perform(.record(.started(id, pid: pid)))
            publish(.spawned(pid: pid), in: &context)
            state = .starting(process)
            if let limit = spec.startTimeout {
                context.deadlines[slots.phase] = context.now.advanced(by: limit)
            }
            changeProcess(in: &context) { process, context in
                process.startup?.begin(spawnedAt: process.spawnedAt, in: &context)
            }
            proceedIfStarted(in: &context)
        case .abandoned(let cause, let immediately):
            context.perform(.record(.started(id, pid: pid)))
            publish(.spawned(pid: pid), in: &context)
            state = .starting(process)
            stop(cause, immediately: immediately, in: &context)
        case .starting, .up, .stopping, .clearing, .ended:
            break
        }
    }

    mutating func spawnFailed(_ failure: SpawnFailure, isTransient: Bool, in context: inout Context) {
        let cause: StopCause?
        switch state {
        case .spawning: cause = nil
        case .abandoned(let given, _): cause = given
        case .starting, .up, .stopping, .clearing, .ended: return
        }
        publish(.spawnFailed(failure), in: &context)
        finish(
            InstanceEnd(
                manner: .notSpawned(failure, isTransient: isTransient), time: context.now, cause: cause,
                wasReady: false, isPremature: false),
            in: &context)
    }

    /// Sends a signal that somebody asked for. What comes of it is as if it had come from elsewhere.
    mutating func relay(_ signal: Signal, in context: inout Context) {
        guard pid != nil else { return }
        publish(.signalRequested(signal), in: &context)
        context.perform(.signal(id, signal, .mainProcess))
    }

    func probe(_ role: ProbeRole, _ probe: ProbeSpec?) -> ProbeMachine? {
        guard let probe, !probe.isNotify else { return nil }
        return ProbeMachine(role: role, spec: probe, instance: id, slot: slots.probe(role))
    }

    /// Changes the process in place where it runs.
    mutating func changeProcess(
        in context: inout Context, _ change: (inout RunningProcess, inout Context) -> Void
    ) {
        switch state {
        case .starting(var process):
            change(&process, &context)
            state = .starting(process)
        case .up(var process):
            change(&process, &context)
            state = .up(process)
        case .spawning, .abandoned, .stopping, .clearing, .ended:
            break
        }
    }

    /// From starting to up, once everything that proves the start is there.
    mutating func proceedIfStarted(in context: inout Context) {
        guard case .starting(var process) = state, process.isNotified, process.startupHasPassed else { return }
        context.deadlines[slots.phase] = nil
        process.startup?.end(in: &context)
        process.startup = nil
        if spec.hasReadiness { publish(.up, in: &context) }
        if let limit = spec.watchdog { context.deadlines[slots.watchdog] = context.now.advanced(by: limit) }
        process.readiness?.begin(spawnedAt: process.spawnedAt, in: &context)
        process.liveness?.begin(spawnedAt: process.spawnedAt, in: &context)
        process.wasReady = process.readinessHolds && !process.announcedStopping
        state = .up(process)
        if process.wasReady { publish(.ready, in: &context) }
        fitRotation(in: &context)
    }
}

extension ServiceSpec {
    /// READY=1 is part of the proof that it has started.
    var awaitsNotification: Bool {
        notify || probes.startup?.isNotify == true || probes.readiness?.isNotify == true
    }
}

extension ProbeSpec {
    fileprivate var isNotify: Bool { handler == .notify }
}

extension Optional<ProbeSpec> {
    var isNilOrNotify: Bool { self?.isNotify ?? true }
}
