import ControlProtocol
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// Feeds the core and has its effects carried out: the one place where decisions meet the world.
///
/// It lives on the event loop of the main thread, so what the loop finds out reaches the core without a hop, and what
/// the control API asks costs one.
public actor StackRunner {
    let loop: EventLoop
    var configuration: DaemonConfiguration
    let queue = EventQueue()
    let interpreter: EffectInterpreter
    private let journal: Journal
    /// That the journal cannot be synchronised has been told.
    private var journalIsVolatile = false
    private let locks: [StackLock]
    private let containments: StackContainments
    private let leftovers: Leftovers
    private let exits: Exits
    private var signals: Signals?
    let checks: [DoctorCheck]
    let clock = Clock()
    var supervisor: Supervisor
    var history = EventHistory()
    var analysisCounters = AnalysisCounters()
    private var effects: [Effect] = []
    private var lifeline: Lifeline?
    private var isStarted = false
    private var onBegin: CheckedContinuation<Void, Never>?
    private var deadlineHasCome = false
    /// How often files that were read again have become the stack.
    private(set) var adoptions = 0
    private(set) var stateSince: (state: StackDocument.State, time: Timestamp)
    /// Called on the loop as the files are read again at run time.
    var onReload: ((Reload) -> Void)?
    /// Called on the loop as the stack file's `control` section may have changed.
    private var onControlSpec: ((ControlSpec) -> Void)?
    /// Called on the loop when everything has stopped.
    private var onStop: (() -> Void)?
    private let systemd: SystemdLink
    let loadMeter: LoadMeter
    let sampler: Sampler
    let schedules: ScheduleClock
    let changes: ChangeWatch

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Makes the stack's directories, takes its locks and prepares everything; nothing runs yet. To be called on the
    /// loop's thread, with the signals blocked.
    /// - Throws: where another daemon runs the stack, or the host refuses something without which there is no supervising.
    init(_ configuration: DaemonConfiguration, loop: EventLoop, systemd: SystemdLink) throws {
        self.loop = loop
        self.systemd = systemd
        self.configuration = configuration
        try configuration.makeDirectories()
        // Before anything that the other daemon would notice: what it runs would be ended as left by a dead one.
        locks = try configuration.takeLocks()
        let childLimits = [try LinuxRuntime.ResourceLimit.raiseOpenFiles()]
        try Exits.becomeSubreaper()
        exits = Exits(loop: loop)
        journal = try Journal(path: configuration.journalFile, boot: try BootID.current().description)
        containments = try StackContainments(
            stack: configuration.stack.name, scope: configuration.paths.stateDirectory, loop: loop)
        interpreter = try EffectInterpreter(
            configuration, loop: loop, queue: queue, journal: journal, containments: containments.maker, exits: exits,
            spawner: try Spawner(defaultLimits: childLimits))
        loadMeter = LoadMeter(interpreter, clock: clock)
        sampler = Sampler(interpreter)
        leftovers = Leftovers(containments.maker, loop: loop)
        checks = HostReport.checks(containments)
        schedules = try ScheduleClock(loop: loop, clock: clock) { [queue] in queue.post(.scheduleDue($0)) }
        changes = ChangeWatch(configuration.stack.services, loop: loop, clock: clock)
        isAskedToStop = configuration.onlyEndsLeftovers
        supervisor = Supervisor(configuration.stack, restoring: journal.restored)
        stateSince = (.starting, clock.now)
    }

    /// Ends what an earlier daemon left, starts the stack, and returns; false where it was asked to stop meanwhile, so
    /// that nothing was started. `onStop` is called when, later, everything has stopped.
    /// - Throws: where it cannot be known what an earlier daemon left; nothing was started then.
    public func start(lifeline descriptor: Int32?, onStop: @escaping @Sendable () -> Void) async throws -> Bool {
        self.onStop = onStop
        connect()
        try takeSignals()
        if let descriptor { try hold(descriptor) }
        let prepared = try await prepared(configuration.stack)
        // Files that were applied meanwhile have been taken already.
        if adoptions == 0 { supervisor = Supervisor(prepared, restoring: journal.restored) }
        try leftovers.end()
        if !isStarted { await withCheckedContinuation { onBegin = $0 } }
        return !isAskedToStop
    }

    /// Has the handler called as the stack file's `control` section may have changed.
    func setControlSpecHandler(_ handler: @escaping @Sendable (ControlSpec) -> Void) {
        onControlSpec = handler
        // A reload may have come before.
        handler(configuration.stack.control)
    }

    /// Takes the stack of files that were read again. `prepared`: what of it the core is to run.
    func adopt(_ stack: StackSpec, prepared: StackSpec, atOnce: Bool, environment: [String: String]) {
        configuration.stack = stack
        configuration.environment = environment
        adoptions += 1
        if isStarted {
            interpreter.listeners.release(besides: prepared)
            queue.post(.command(.apply(prepared, atOnce: atOnce)))
            sampler.follow(stack.sampling)
        } else {
            // Nothing of the former runs, and nothing may until what an earlier daemon left has ended.
            supervisor = Supervisor(prepared, restoring: journal.restored)
        }
        changes.follow(stack.services)
        loadMeter.keep(Set(stack.services.filter { $0.autoscale != nil }.map(\.name)))
        onControlSpec?(stack.control)
    }

    /// The stack as the core is to run it: with HAProxy where it has routes, and each program known by its content.
    /// - Throws: where HAProxy's configuration cannot be written.
    func prepared(_ stack: StackSpec) async throws(SystemError) -> StackSpec {
        await interpreter.executables.resolved(try interpreter.routes.routed(stack))
    }

    private func connect() {
        leftovers.onEnd = { [unowned self] count in assumeIsolated { $0.begin(endedLeftovers: count) } }
        interpreter.onPublish = { [unowned self] event in assumeIsolated { $0.publish(event) } }
        interpreter.onStackStopped = { [unowned self] in assumeIsolated { $0.stackHasStopped() } }
        connectExecutions()
        interpreter.onMeasureLoad = { [unowned self] request in assumeIsolated { $0.begin(request) } }
        loadMeter.readKernel = { [unowned self] work in assumeIsolated { $0.readKernel(work) } }
        sampler.read = { [unowned self] work in assumeIsolated { $0.sample(work) } }
        interpreter.onMeasure = { [unowned self] measurement in assumeIsolated { $0.begin(measurement) } }
        loop.onTurnMeasured = { [telemetry = interpreter.telemetry] in telemetry.turnTook($0) }
        connectChanges()
        loop.onTurnEnd = { [unowned self] in assumeIsolated { $0.takeEvents() } }
        loop.onDeadline = { [unowned self] in assumeIsolated { $0.deadlineHasCome = true } }
        systemd.view = { [unowned self] in assumeIsolated { $0.viewForSystemd } }
        onReload = { [unowned self] reload in assumeIsolated { $0.tell(of: reload) } }
    }

    private func takeSignals() throws {
        signals = try Signals(Self.signalNumbers, on: loop) { [unowned self] delivery in
            assumeIsolated { $0.receive(delivery) }
        }
    }

    private func hold(_ descriptor: Int32) throws {
        lifeline = try Lifeline(descriptor, loop: loop) { [unowned self] in
            assumeIsolated { $0.shutDown(immediately: false) }
        }
    }

    private func begin(endedLeftovers count: Int) {
        guard !isStarted else { return }
        isStarted = true
        if journal.restored.damagedLines > 0 {
            let lines = Self.count(journal.restored.damagedLines, "damaged line")
            queue.post(.observed(.stack, .degraded("\(lines) of \(configuration.journalFile) left out")))
        }
        if count > 0 {
            queue.post(.observed(.stack, .degraded("\(Self.count(count, "instance")) of an earlier daemon ended")))
        }
        if isAskedToStop {
            shutDown(immediately: false)
        } else {
            supervisor.start(configuration.services, at: clock.instant, into: &effects)
            carryOutEffects()
            followSchedules()
            sampler.follow(configuration.stack.sampling)
        }
        takeEvents()
        onBegin?.resume()
        onBegin = nil
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    // MARK: The core's loop

    /// At the end of each turn of the loop.
    private func takeEvents() {
        takeQueue()
        // What has happened comes before what is late: an answer that is there is no timeout.
        if deadlineHasCome {
            deadlineHasCome = false
            queue.post(.timePassed)
            takeQueue()
        }
        loop.setDeadline(supervisor.nextDeadline.map { MonotonicTime($0) })
    }

    /// Tells the core what has happened, in its order.
    func takeQueue() {
        guard !queue.isEmpty else { return }
        // What an effect brings about at once, such as a spawn, is taken in the same turn.
        while !queue.isEmpty {
            for event in queue.takeAll() {
                supervisor.handle(event, at: clock.instant, into: &effects)
                carryOutEffects()
                if case .command = event { followSchedules() }
            }
        }
        if state != stateSince.state { stateSince = (state, clock.now) }
        // Before it has begun, nothing is wanted, which would be taken for all being as it should.
        if isStarted { systemd.stackChanged(to: stateSince.state) }
    }

    /// What is scheduled, and wanted, changes by commands only.
    private func followSchedules() {
        schedules.follow(supervisor.snapshot().services)
    }

    private var viewForSystemd: SystemdView {
        SystemdView(supervisor.snapshot(), of: configuration.stack, state: stateSince.state)
    }

    private func carryOutEffects() {
        guard !effects.isEmpty else { return }
        var carried: [Effect] = []
        swap(&carried, &effects)
        for effect in carried {
            if effect.needsJournal { synchroniseJournal() }
            interpreter.carryOut(effect)
        }
        synchroniseJournal()
        // The buffer goes back, for the next turn not to allocate another.
        carried.removeAll(keepingCapacity: true)
        if effects.isEmpty { swap(&carried, &effects) }
    }

    private var state: StackDocument.State {
        if supervisor.isShuttingDown { return .stopping }
        if supervisor.isStopped { return .stopped }
        if supervisor.isReady { return .ready }
        // Once it has been ready, what is not is a degradation.
        return stateSince.state == .starting || stateSince.state == .stopped ? .starting : .degraded
    }

    private func synchroniseJournal() {
        do throws(SystemError) {
            try journal.synchronise()
            journalIsVolatile = false
        } catch {
            guard !journalIsVolatile else { return }
            journalIsVolatile = true
            queue.post(.observed(.stack, .degraded("the journal cannot be brought to the disk: \(error)")))
        }
    }

    private func publish(_ event: StackEvent) {
        history.append(event, at: clock.now)
        DaemonLog.write(event)
    }

    // MARK: Asked to stop

    private(set) var isAskedToStop: Bool

    /// The signals that the daemon takes; they must be blocked before any thread is started.
    static let signalNumbers = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD]

    private func receive(_ delivery: Signals.Delivery) {
        switch delivery.signal {
        case SIGCHLD: exits.reapOrphans()
        // A second one, whichever, means that it takes too long.
        case SIGTERM, SIGINT: shutDown(immediately: isAskedToStop)
        // The kernel sends it for a terminal that is gone, everybody else for the files to be read again.
        case SIGHUP: if delivery.isFromKernel { shutDown(immediately: isAskedToStop) } else { reload() }
        case SIGQUIT: shutDown(immediately: true)
        default: break
        }
    }

    private func reload() {
        // What comes of it is told by `tell(of:)`.
        Task { try? await apply(ApplyRequest()) }
    }

    private func tell(of reload: Reload) {
        if case .refused(let problem) = reload {
            for diagnostic in problem.diagnostics { DaemonLog.writePlain(diagnostic) }
            DaemonLog.write("the change of the stack files is not applied: \(problem.detail)")
        }
        systemd.reload(reload)
    }

    /// `grace`: how long each instance has to end, in place of its own grace period.
    func shutDown(immediately: Bool, grace: Duration? = nil) {
        isAskedToStop = true
        if isStarted {
            endExecutions(immediately: immediately) { [queue] in
                queue.post(.command(.shutdown(immediately: immediately, grace: grace)))
            }
        } else if immediately {
            leftovers.kill()
        }
    }

    private func stackHasStopped() {
        interpreter.executions.end(immediately: true) { [self] in
            interpreter.executions.finish()
            history.finish()
            changes.finish()
            sampler.follow(nil)
            interpreter.logs.finish { [containments, onStop] in containments.maker.finish { onStop?() } }
            onStop = nil
        }
    }
}

extension Supervisor {
    fileprivate init(_ stack: StackSpec, restoring journal: JournalContents) {
        self.init(
            stack: stack,
            restoring: RestoredState(
                nextInstance: journal.nextInstance, desired: journal.desired, scales: journal.scales),
            seed: UInt64.random(in: .min ... .max))
    }
}

extension Effect {
    /// It makes true what records told of before, which are to be on disk then.
    fileprivate var needsJournal: Bool {
        switch self {
        case .record, .publish: false
        case .openListeners, .closeListeners, .spawn, .adopt, .runPreStop, .signal, .kill, .startProbe, .cancelProbe,
            .enterRotation, .leaveRotation, .measure, .measureLoad, .awaitConnection, .ignoreConnections,
            .keepRevisions, .release, .stackStopped:
            true
        }
    }
}
