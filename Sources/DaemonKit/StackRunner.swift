public import ControlProtocol
public import ControlServer
import Glibc
public import LinuxRuntime
public import StackModel
import SupervisorCore

/// Feeds the core and has its effects carried out: the one place where decisions meet the world.
///
/// It lives on the event loop of the main thread, so what the loop finds out reaches the core without a hop, and what
/// the control API asks costs one.
public actor StackRunner {
    private let loop: EventLoop
    private let configuration: DaemonConfiguration
    private let queue = EventQueue()
    private let interpreter: EffectInterpreter
    private let journal: Journal
    /// That the journal cannot be synchronised has been told.
    private var journalIsVolatile = false
    private let locks: [StackLock]
    private let containments: StackContainments
    private let leftovers: Leftovers
    private let exits: Exits
    private var signals: Signals?
    private let checks: [DoctorCheck]
    private let clock = Clock()
    private var supervisor: Supervisor
    private var history = EventHistory()
    private var effects: [Effect] = []
    private var lifeline: Lifeline?
    private var isStarted = false
    private var onBegin: CheckedContinuation<Void, Never>?
    private var deadlineHasCome = false
    private var stateSince: (state: StackDocument.State, time: Timestamp)
    /// Called on the loop when everything has stopped.
    private var onStop: (() -> Void)?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Makes the stack's directories, takes its locks and prepares everything; nothing runs yet. To be called on the
    /// loop's thread, with the signals blocked.
    /// - Throws: where another daemon runs the stack, or the host refuses something without which there is no supervising.
    public init(_ configuration: DaemonConfiguration, loop: EventLoop) throws {
        self.loop = loop
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
        interpreter = EffectInterpreter(
            configuration, loop: loop, queue: queue, journal: journal, containments: containments.maker, exits: exits,
            spawner: try Spawner(defaultLimits: childLimits))
        leftovers = Leftovers(containments.maker, loop: loop)
        checks = HostReport.checks(containments)
        isAskedToStop = configuration.onlyEndsLeftovers
        supervisor = Supervisor(
            stack: configuration.stack,
            restoring: Supervisor.RestoredState(
                nextInstance: journal.restored.nextInstance, desired: journal.restored.desired),
            seed: UInt64.random(in: .min ... .max))
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
        try leftovers.end()
        if !isStarted { await withCheckedContinuation { onBegin = $0 } }
        return !isAskedToStop
    }

    private func connect() {
        leftovers.onEnd = { [unowned self] count in assumeIsolated { $0.begin(endedLeftovers: count) } }
        interpreter.onPublish = { [unowned self] event in assumeIsolated { $0.publish(event) } }
        interpreter.onStackStopped = { [unowned self] in assumeIsolated { $0.stackHasStopped() } }
        loop.onTurnEnd = { [unowned self] in assumeIsolated { $0.takeEvents() } }
        loop.onDeadline = { [unowned self] in assumeIsolated { $0.deadlineHasCome = true } }
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

    private func takeQueue() {
        guard !queue.isEmpty else { return }
        // What an effect brings about at once, such as a spawn, is taken in the same turn.
        while !queue.isEmpty {
            for event in queue.takeAll() {
                supervisor.handle(event, at: clock.instant, into: &effects)
                carryOutEffects()
            }
        }
        if state != stateSince.state { stateSince = (state, clock.now) }
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

    private var isAskedToStop: Bool

    /// The signals that the daemon takes; they must be blocked before any thread is started.
    static let signalNumbers = [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD]

    private func receive(_ delivery: Signals.Delivery) {
        switch delivery.signal {
        case SIGCHLD: exits.reapOrphans()
        // A second one, whichever, means that it takes too long.
        case SIGTERM, SIGINT, SIGHUP: shutDown(immediately: isAskedToStop)
        case SIGQUIT: shutDown(immediately: true)
        default: break
        }
    }

    private func shutDown(immediately: Bool) {
        isAskedToStop = true
        if isStarted {
            queue.post(.command(.shutdown(immediately: immediately)))
        } else if immediately {
            leftovers.kill()
        }
    }

    private func stackHasStopped() {
        interpreter.logs.finish()
        history.finish()
        containments.maker.finish { [onStop] in onStop?() }
        onStop = nil
    }

    // MARK: For the control API

    func document() -> StackDocument {
        StackDocument(
            name: configuration.stack.name, state: stateSince.state, ready: supervisor.isReady, since: stateSince.time,
            files: configuration.files,
            directories: StackDocument.Directories(
                state: configuration.paths.stateDirectory, run: configuration.paths.runDirectory,
                logs: configuration.logDirectory),
            daemon: StackDocument.Daemon(pid: getpid(), version: productVersion, since: clock.startedAt))
    }

    private var state: StackDocument.State {
        if supervisor.isShuttingDown { return .stopping }
        if supervisor.isStopped { return .stopped }
        if supervisor.isReady { return .ready }
        // Once it has been ready, what is not is a degradation.
        return stateSince.state == .starting || stateSince.state == .stopped ? .starting : .degraded
    }
}

// MARK: - The control API

extension StackRunner: StackController {
    public func stack() -> StackDocument { document() }

    public func services() -> [ServiceDocument] {
        let wire = WireMapping(clock)
        return supervisor.snapshot().services.map { wire.document($0) }
    }

    public func service(_ name: ServiceName) throws(ControlProblem) -> ServiceDocument {
        guard let service = services().first(where: { $0.name == name.text }) else {
            throw .noSuchService(name.text)
        }
        return service
    }

    public func explain(_ name: ServiceName, replica: Int?) throws(ControlProblem) -> [EventDocument] {
        guard let service = supervisor.snapshot().services.first(where: { $0.name == name }) else {
            throw .noSuchService(name.text)
        }
        let index: Int
        if let replica {
            guard service.replicas.contains(where: { $0.id.index == replica }) else {
                throw .noSuchReplica(replica, of: name.text, count: service.replicas.count)
            }
            index = replica
        } else {
            // Of a service, that replica is explained which is not as it should be.
            index = service.replicas.first { !$0.isReady && $0.state != .completed }?.id.index ?? 0
        }
        return supervisor.explain(ReplicaID(service: name, index: index)).map { event in
            EventDocument(event, at: history.time(of: event.id) ?? clock.time(of: event.time))
        }
    }

    public func events(_ query: EventQuery) -> Subscription<EventDocument> {
        history.subscribe(query)
    }

    public func logs(_ query: LogQuery) throws(ControlProblem) -> Subscription<LogLine> {
        let known = configuration.stack.services
        for name in query.services where !known.contains(where: { $0.name.text == name }) {
            throw .noSuchService(name)
        }
        let replicas = known.filter { query.services.isEmpty || query.services.contains($0.name.text) }.flatMap {
            service in
            (0..<service.replicas).map { (ReplicaID(service: service.name, index: $0), service.logging) }
        }
        return interpreter.logs.subscribe(query, to: replicas)
    }

    public func perform(_ command: ControlCommand) throws(ControlProblem) -> AcceptedDocument {
        let newest = history.newest
        guard case .services(let action, let names) = command else {
            if case .shutdown(let immediately) = command { shutDown(immediately: immediately) }
            return AcceptedDocument(services: configuration.stack.services.map(\.name.text), event: newest)
        }
        guard !isAskedToStop else { throw .shuttingDown }
        for name in names where !supervisor.hasService(name) { throw .noSuchService(name.text) }
        switch action {
        case .start: queue.post(.command(.start(names)))
        case .stop: queue.post(.command(.stop(names)))
        case .restart: queue.post(.command(.restart(names)))
        }
        let services = names.isEmpty ? supervisor.serviceNames : names
        return AcceptedDocument(services: services.map(\.text), event: newest)
    }

    public func doctor() -> [DoctorCheck] { checks }
}

extension Effect {
    /// It makes true what records told of before, which are to be on disk then.
    fileprivate var needsJournal: Bool {
        switch self {
        case .record, .publish: false
        case .openListeners, .closeListeners, .spawn, .runPreStop, .signal, .kill, .startProbe, .cancelProbe, .release,
            .stackStopped:
            true
        }
    }
}
