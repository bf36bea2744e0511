import StackModel

/// One instance: turns what happens to it into what must be done about it. Its table stands at `InstanceState`.
struct InstanceMachine: Sendable {
    let id: InstanceID
    let replica: ReplicaID
    let revision: ServiceRevision
    private(set) var state = InstanceState.spawning
    /// The service's own words.
    private(set) var status: String?
    /// The latest event about it, the cause of the next.
    private(set) var lastEvent: EventID?
    private let slots: DeadlineSlots

    /// How long a service without any readiness must have run for its exit status 0 to be no failed start
    /// (supervisord's `startsecs`).
    private static let minimumUptime = Duration.seconds(1)
    /// How long after a kill it is repeated, in case something was being forked just then.
    private static let killPeriod = Duration.seconds(1)
    /// What is kept of a STATUS.
    private static let statusLimit = 256

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

    private var spec: ServiceSpec { revision.spec }

    private mutating func publish(_ reason: Reason, in context: inout Context) {
        lastEvent = context.publish(reason, about: .instance(id, of: replica), cause: lastEvent)
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
                manner: .notSpawned(failure, isTransient: isTransient), cause: cause, wasReady: false,
                isPremature: false),
            in: &context)
    }

    private func probe(_ role: ProbeRole, _ probe: ProbeSpec?) -> ProbeMachine? {
        guard let probe, !probe.isNotify else { return nil }
        return ProbeMachine(role: role, spec: probe, instance: id, slot: slots.probe(role))
    }

    /// Changes the process in place where it runs.
    private mutating func changeProcess(
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
    private mutating func proceedIfStarted(in context: inout Context) {
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
    }
}

// MARK: - It is asked how it is, and says so itself

extension InstanceMachine {
    mutating func probeFinished(_ run: ProbeRun, _ outcome: ProbeOutcome, in context: inout Context) {
        var verdict = ProbeMachine.Verdict.undecided
        changeProcess(in: &context) { process, context in
            switch run.role {
            case .startup: verdict = process.startup?.finished(run, outcome, in: &context) ?? .undecided
            case .readiness: verdict = process.readiness?.finished(run, outcome, in: &context) ?? .undecided
            case .liveness: verdict = process.liveness?.finished(run, outcome, in: &context) ?? .undecided
            }
        }
        conclude(verdict, of: run.role, in: &context)
    }

    mutating func probeDeadlinePassed(_ role: ProbeRole, in context: inout Context) {
        var verdict = ProbeMachine.Verdict.undecided
        changeProcess(in: &context) { process, context in
            switch role {
            case .startup: verdict = process.startup?.deadlinePassed(in: &context) ?? .undecided
            case .readiness: verdict = process.readiness?.deadlinePassed(in: &context) ?? .undecided
            case .liveness: verdict = process.liveness?.deadlinePassed(in: &context) ?? .undecided
            }
        }
        conclude(verdict, of: role, in: &context)
    }

    private mutating func conclude(
        _ verdict: ProbeMachine.Verdict, of role: ProbeRole, in context: inout Context
    ) {
        switch (role, verdict) {
        case (_, .undecided), (.liveness, .succeeded):
            break
        case (.startup, .succeeded):
            changeProcess(in: &context) { process, _ in process.startupHasPassed = true }
            proceedIfStarted(in: &context)
        case (.readiness, .succeeded):
            setReadiness(true, why: nil, in: &context)
        case (.readiness, .failed(let seen, let times)):
            let isNews: Bool
            if case .up(let process) = state { isNews = process.readinessHolds || times == spec.readinessThreshold }
            else { isNews = false }
            if isNews { publish(.probeFailed(role, seen, times: times), in: &context) }
            setReadiness(false, why: seen, in: &context)
        case (.startup, .failed(let seen, let times)):
            publish(.probeFailed(role, seen, times: times), in: &context)
            stop(.startupProbeFailed(seen), in: &context)
        case (.liveness, .failed(let seen, let times)):
            publish(.probeFailed(role, seen, times: times), in: &context)
            stop(.livenessProbeFailed(seen), in: &context)
        }
    }

    private mutating func setReadiness(_ holds: Bool, why: String?, in context: inout Context) {
        let before = isReady
        changeProcess(in: &context) { process, _ in process.readinessHolds = holds }
        noteReadiness(before: before, why: why, in: &context)
    }

    private mutating func noteReadiness(before: Bool, why: String?, in context: inout Context) {
        guard isReady != before else { return }
        if isReady {
            changeProcess(in: &context) { process, _ in process.wasReady = true }
            publish(.ready, in: &context)
        } else if let why {
            publish(.notReady(why), in: &context)
        }
    }

    mutating func notified(_ notification: Notification, in context: inout Context) {
        switch notification {
        case .ready:
            changeProcess(in: &context) { process, _ in process.isNotified = true }
            proceedIfStarted(in: &context)
        case .reloading:
            break
        case .stopping:
            let before = isReady
            guard isRunning else { return }
            changeProcess(in: &context) { process, _ in process.announcedStopping = true }
            if before { publish(.announcedStopping, in: &context) }
        case .watchdog:
            if case .up = state, let limit = spec.watchdog {
                context.deadlines[slots.watchdog] = context.now.advanced(by: limit)
            }
        case .status(let text):
            status = String(text.prefix(Self.statusLimit))
        case .extendTimeout(let duration):
            guard let deadline = context.deadlines[slots.phase], mayExtendTimeout else { return }
            context.deadlines[slots.phase] = max(deadline, context.now.advanced(by: duration))
        }
    }

    /// EXTEND_TIMEOUT_USEC means the start's limit or the grace period, and no other deadline.
    private var mayExtendTimeout: Bool {
        switch state {
        case .starting: true
        case .stopping(let process):
            if case .signalled = process.phase { true } else { false }
        case .spawning, .abandoned, .up, .clearing, .ended: false
        }
    }

    mutating func watchdogExpired(in context: inout Context) {
        guard case .up = state, let limit = spec.watchdog else { return }
        stop(.watchdogSilent(for: limit), in: &context)
    }
}

// MARK: - It ends

extension InstanceMachine {
    /// Begins to end it; where that is under way already, only `immediately` changes anything.
    mutating func stop(
        _ cause: StopCause, immediately: Bool = false, causedBy event: EventID? = nil, in context: inout Context
    ) {
        switch state {
        case .spawning:
            if let event { lastEvent = event }
            publish(.stopping(cause), in: &context)
            state = .abandoned(cause, immediately: immediately)
        case .starting(let process), .up(let process):
            if let event { lastEvent = event }
            publish(.stopping(cause), in: &context)
            endProbes(of: process, in: &context)
            state = .stopping(StoppingProcess(process, cause: cause, phase: .preStop))
            if immediately {
                kill(in: &context)
            } else if spec.stop.preStop != nil {
                context.deadlines[slots.phase] = context.now.advanced(by: spec.stop.gracePeriod)
                context.perform(.runPreStop(id))
            } else {
                drain(in: &context)
            }
        case .abandoned, .stopping, .clearing:
            if immediately, !isKilled { kill(in: &context) }
        case .ended:
            break
        }
    }

    private var isKilled: Bool {
        switch state {
        case .stopping(let process): if case .killed = process.phase { true } else { false }
        case .clearing(let process): process.isKilled
        case .spawning, .abandoned, .starting, .up, .ended: false
        }
    }

    mutating func preStopFinished(_ outcome: PreStopOutcome, in context: inout Context) {
        guard case .stopping(let process) = state, case .preStop = process.phase else { return }
        if case .failed(let why) = outcome { publish(.preStopFailed(why), in: &context) }
        drain(in: &context)
    }

    /// The start took too long, or a phase of the stop has had its time.
    mutating func phaseDeadlinePassed(in context: inout Context) {
        switch state {
        case .starting:
            stop(.startTimedOut(after: spec.startTimeout ?? .zero), in: &context)
        case .stopping(let process):
            switch process.phase {
            case .preStop:
                publish(.preStopFailed("it had not ended after \(spec.stop.gracePeriod.text)"), in: &context)
                drain(in: &context)
            case .draining: signal(in: &context)
            case .signalled, .killed: kill(afterGrace: spec.stop.gracePeriod, in: &context)
            }
        case .clearing:
            kill(afterGrace: spec.stop.gracePeriod, in: &context)
        case .spawning, .abandoned, .up, .ended:
            break
        }
    }

    private mutating func drain(in context: inout Context) {
        guard case .stopping(var process) = state else { return }
        guard spec.stop.drain > .zero else { return signal(in: &context) }
        process.phase = .draining
        state = .stopping(process)
        publish(.draining(spec.stop.drain), in: &context)
        context.deadlines[slots.phase] = context.now.advanced(by: spec.stop.drain)
    }

    private mutating func signal(in context: inout Context) {
        guard case .stopping(var process) = state else { return }
        process.phase = .signalled
        state = .stopping(process)
        send(.mainProcess, in: &context)
    }

    private mutating func send(_ scope: SignalScope, in context: inout Context) {
        publish(.signalled(spec.stop.signal, scope, grace: spec.stop.gracePeriod), in: &context)
        context.perform(.signal(id, spec.stop.signal, scope))
        context.deadlines[slots.phase] = context.now.advanced(by: spec.stop.gracePeriod)
    }

    /// Kills what is there, without grace, and again after a while should something survive.
    private mutating func kill(afterGrace grace: Duration? = nil, in context: inout Context) {
        let isFirst = !isKilled
        switch state {
        case .spawning, .starting, .up, .ended:
            return
        case .abandoned(let cause, _):
            state = .abandoned(cause, immediately: true)
            return
        case .stopping(var process):
            process.phase = .killed
            state = .stopping(process)
        case .clearing(var process):
            process.isKilled = true
            state = .clearing(process)
        }
        if isFirst { publish(.killed(afterGrace: grace), in: &context) }
        context.perform(.kill(id))
        context.deadlines[slots.phase] = context.now.advanced(by: Self.killPeriod)
    }

    mutating func exited(_ status: ExitStatus, leftovers: Bool, in context: inout Context) {
        let end: InstanceEnd
        var isKilled = false
        switch state {
        case .starting(let process), .up(let process):
            endProbes(of: process, in: &context)
            let wasUp = spec.hasReadiness
                ? process.wasReady : process.spawnedAt.duration(to: context.now) >= Self.minimumUptime
            end = InstanceEnd(
                manner: .exited(status), wasReady: process.wasReady,
                isPremature: status.isSuccess && spec.shouldStayUp && !wasUp)
        case .stopping(let process):
            end = InstanceEnd(
                manner: .exited(status), cause: process.cause, wasReady: process.wasReady, isPremature: false)
            if case .killed = process.phase { isKilled = true }
        case .spawning, .abandoned, .clearing, .ended:
            return
        }
        context.deadlines[slots.phase] = nil
        publish(.exited(status, isPremature: end.isPremature), in: &context)
        guard leftovers else { return finish(end, in: &context) }
        state = .clearing(ExitedProcess(end: end, isKilled: isKilled))
        if isKilled { kill(in: &context) } else { send(.allProcesses, in: &context) }
    }

    mutating func emptied(in context: inout Context) {
        guard case .clearing(let process) = state else { return }
        publish(.leftoversEnded, in: &context)
        finish(process.end, in: &context)
    }

    private func endProbes(of process: RunningProcess, in context: inout Context) {
        var process = process
        process.startup?.end(in: &context)
        process.readiness?.end(in: &context)
        process.liveness?.end(in: &context)
        context.deadlines[slots.phase] = nil
        context.deadlines[slots.watchdog] = nil
    }

    private mutating func finish(_ end: InstanceEnd, in context: inout Context) {
        context.deadlines[slots.phase] = nil
        state = .ended(end)
        context.perform(.release(id))
        context.perform(.record(.ended(id)))
    }
}

extension ServiceSpec {
    /// READY=1 is part of the proof that it has started.
    fileprivate var awaitsNotification: Bool {
        notify || probes.startup?.isNotify == true || probes.readiness?.isNotify == true
    }

    fileprivate var readinessThreshold: Int { probes.readiness?.failureThreshold ?? 1 }
}

extension ProbeSpec {
    fileprivate var isNotify: Bool { handler == .notify }
}

extension Optional<ProbeSpec> {
    fileprivate var isNilOrNotify: Bool { self?.isNotify ?? true }
}
