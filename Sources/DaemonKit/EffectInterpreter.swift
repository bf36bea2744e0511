import LinuxRuntime
import StackModel
import SupervisorCore

/// Carries out what the core decides, and posts every outcome to the queue. It belongs to the loop's thread.
final class EffectInterpreter {
    let loop: EventLoop
    let queue: EventQueue
    let logs: LogHub
    let exits: Exits
    let spawner: Spawner
    let configuration: DaemonConfiguration
    let launcher: Launcher
    let containments: any ContainmentMaker
    let probes: ProbeRunner
    let executions: Executions
    let executables: Executables
    let routes: Routes
    let telemetry = Telemetry()
    private let journal: Journal
    var listeners = HeldListeners()
    /// The latest order to open a service's listeners, by its number.
    var openings: [ServiceName: UInt64] = [:]
    var lastOpening: UInt64 = 0
    /// The services that have no replica, and are to have one as soon as somebody wants to be served.
    var sleeping: Set<ServiceName> = []
    /// What the host does not enforce of each service's limits, as was told.
    var unenforced: [ServiceName: [UnenforcedLimit]] = [:]
    var ports: PortAllocator
    private var instances = LiveInstances()
    /// That the journal cannot be written has been told.
    private var journalIsBroken = false
    /// What the core publishes goes here.
    var onPublish: ((StackEvent) -> Void)?
    /// What the core wants measured goes here.
    var onMeasure: ((Measurement) -> Void)?
    /// And the load that it wants to know here.
    var onMeasureLoad: ((LoadRequest) -> Void)?
    var onStackStopped: (() -> Void)?

    init(
        _ configuration: DaemonConfiguration, loop: EventLoop, queue: EventQueue, journal: Journal,
        containments: any ContainmentMaker, exits: Exits, spawner: Spawner
    ) throws(SystemError) {
        self.configuration = configuration
        self.loop = loop
        self.queue = queue
        self.journal = journal
        self.containments = containments
        self.exits = exits
        self.spawner = spawner
        probes = ProbeRunner(loop: loop, spawner: spawner, exits: exits)
        executions = Executions(queue: queue)
        launcher = Launcher(configuration)
        executables = try Executables(configuration, launcher: launcher, loop: loop, queue: queue)
        routes = Routes(
            directory: configuration.routesDirectory, path: configuration.environment["PATH"], loop: loop, queue: queue)
        logs = try LogHub(
            loop: loop, directory: configuration.logDirectory, stack: configuration.stack.name, queue: queue)
        ports = PortAllocator(stack: configuration.stack.name)
    }

    func carryOut(_ effect: Effect) {
        switch effect {
        case .openListeners(let revisions): openListeners(revisions.map(\.spec))
        case .closeListeners(let name): closeListeners(of: name)
        case .spawn(let id, let replica, let revision): spawn(id, replica, revision)
        case .adopt(let id, let revision): withInstance(id) { adopt($0, revision) }
        case .runPreStop(let id): withInstance(id, runPreStop)
        case .signal(let id, let signal, let scope): withInstance(id) { self.signal($0, signal, scope) }
        case .kill(let id): withInstance(id, kill)
        case .startProbe(let id, let run): withInstance(id) { startProbe(run, of: $0) }
        case .cancelProbe(let id, let run): withInstance(id) { cancelProbe(run, of: $0) }
        case .enterRotation(let id): withInstance(id, routes.enter)
        case .leaveRotation(let id): withInstance(id, routes.leave)
        case .measure(let measurement): onMeasure?(measurement)
        case .measureLoad(let request): onMeasureLoad?(request)
        case .awaitConnection(let name): awaitConnection(of: name)
        case .ignoreConnections(let name): ignoreConnections(of: name)
        case .keepRevisions(let service, let revisions):
            executables.keep(service, revisions)
            if service == .router { routes.keep(revisions) }
        case .release(let id): release(id)
        case .record(let record): write(record)
        case .publish(let event): onPublish?(event)
        case .stackStopped: onStackStopped?()
        }
    }

    private func withInstance(_ id: InstanceID, _ body: (LiveInstance) -> Void) {
        if let instance = instances[id] { body(instance) }
    }

    // MARK: Journal

    private func write(_ record: JournalRecord) {
        var identity: ProcessIdentity?
        // Not read at the spawn, so that nothing keeps the others of the same turn from theirs. It still is that
        // process: none is reaped before the turn's records are written.
        if case .started(_, let pid) = record { identity = try? ProcessIdentity.of(pid: pid) }
        if case .removed(let service) = record {
            ports.releaseAll(of: service.text)
            unenforced[service] = nil
        }
        do throws(SystemError) {
            try journal.write(record, identity: identity)
            journalIsBroken = false
        } catch {
            guard !journalIsBroken else { return }
            journalIsBroken = true
            queue.post(.observed(.stack, .degraded("the journal cannot be written: \(error)")))
        }
    }

    // MARK: Spawn

    /// Those that have a process, by their replicas.
    var runningInstances: [LiveInstance] { instances.all.filter { $0.process != nil } }

    /// The instance, where its main process runs.
    func runningInstance(_ id: InstanceID) -> LiveInstance? {
        instances[id].flatMap { $0.process?.status == nil && $0.process != nil ? $0 : nil }
    }

    /// The youngest instance of the replica that a further process may join (in one that is being killed, it would
    /// die); of those that are ready, where one is.
    func runningInstance(of replica: ReplicaID, ready: [InstanceID] = []) -> LiveInstance? {
        let open = instances.all(of: replica).filter {
            $0.process != nil && $0.process?.status == nil && !$0.isBeingKilled
        }
        return open.last { ready.contains($0.id) } ?? open.last
    }

    private func spawn(_ id: InstanceID, _ replica: ReplicaID, _ revision: ServiceRevision) {
        let begin = MonotonicTime.now
        do throws(SpawnFailure) {
            let instance = try make(id, replica, revision)
            instances.add(instance)
            try start(instance)
            telemetry.spawnTook(begin.duration(to: .now))
            queue.post(.spawned(id, pid: instance.process?.pid ?? 0))
            routes.started(instance)
        } catch {
            let failure = routes.explained(error, of: replica.service)
            queue.post(.spawnFailed(id, failure, isTransient: error.isTransient))
        }
    }

    private func make(
        _ id: InstanceID, _ replica: ReplicaID, _ revision: ServiceRevision
    ) throws(SpawnFailure) -> LiveInstance {
        let spec = revision.spec
        let lane = instances.freeLane(of: replica)
        let context = launcher.context(
            for: replica, of: spec, ports: try ports(of: spec, slot: replica.index, lane: lane))
        var request: SpawnRequest
        do throws(SpawnError) {
            request = try launcher.request(for: spec, in: context)
        } catch {
            throw SpawnFailure(error)
        }
        let containment = try attempt("cgroup") { () throws(SystemError) in try containments.make(String(id.serial)) }
        do throws(SpawnFailure) {
            containment.prepare(&request)
            limit(containment, as: spec)
            request.environment["STACKD_INSTANCE"] = String(id.serial)
            let notifySocket = try notifySocket(id, spec, containment)
            if let notifySocket { request.environment["NOTIFY_SOCKET"] = notifySocket.path }
            if let watchdog = spec.watchdog {
                request.environment["WATCHDOG_USEC"] = String(watchdog.wholeNanoseconds / 1000)
            }
            let output = try attempt("output") { () throws(SystemError) in try logs.attach(replica, spec.logging) }
            let instance = LiveInstance(
                id: id, replica: replica, lane: lane, revision: revision, context: context, request: request,
                containment: containment, output: output, notifySocket: notifySocket)
            try watchLog(of: instance)
            if spec.process.keepsStandardInputOpen {
                try attempt("input") { () throws(SystemError) in instance.standardInput = try Pipe.forInput() }
            }
            return instance
        } catch {
            try? containment.remove()
            throw error
        }
    }

    private func notifySocket(
        _ id: InstanceID, _ spec: ServiceSpec, _ containment: any Containment
    ) throws(SpawnFailure) -> NotifySocket? {
        guard spec.listensToNotify else { return nil }
        return try attempt("notify") { () throws(SystemError) in
            try NotifySocket(
                id: String(id.serial), directory: configuration.notifyDirectory, loop: loop,
                isMember: { [unowned containment] in containment.contains(pid: $0) },
                onMessage: { [unowned self] message, _ in
                    for notification in message.notifications { queue.post(.notified(id, notification)) }
                })
        }
    }

    private func start(_ instance: LiveInstance) throws(SpawnFailure) {
        var request = instance.request
        request.executable = try executables.path(for: instance.spec)
        request.listen = try listeners.descriptors(of: instance.spec)
        request.standardInput = instance.standardInputDescriptor
        do throws(SpawnError) {
            let process = try instance.output.withWriters { (output, error) throws(SpawnError) in
                request.standardOutput = output
                request.standardError = error
                return try spawner.spawn(request)
            }
            try watch(process, of: instance)
        } catch {
            throw SpawnFailure(error)
        }
    }

    private func watch(_ process: consuming SpawnedProcess, of instance: LiveInstance) throws(SpawnError) {
        let pid = process.pid
        do throws(SystemError) {
            // Weakly: what fails below lets go of the instance before its process has ended.
            instance.process = try exits.watch(process) { [unowned self, weak instance] status in
                if let instance { exited(instance, status) }
            }
            try instance.containment.started(pid: pid)
        } catch {
            try? instance.containment.killAll()
            throw SpawnError(stage: .clone, errno: error.errno, operation: error.operation)
        }
    }

    // MARK: Change

    /// What can change while it runs: its probes, its limits, and how its output is kept. The rest the core does.
    private func adopt(_ instance: LiveInstance, _ revision: ServiceRevision) {
        let former = instance.spec
        instance.adopt(revision)
        if former.resources != revision.spec.resources { limit(instance.containment, as: revision.spec) }
        let subject = Subject.replica(instance.replica)
        do throws(SpawnFailure) {
            try watchLog(of: instance, unlessAsIn: former.probes)
        } catch {
            queue.post(.observed(subject, .degraded("its output cannot be watched: \(error.message)")))
        }
        do throws(SystemError) {
            try logs.adopt(revision.spec.logging, of: instance.replica)
        } catch {
            queue.post(.observed(subject, .degraded("its output is kept as before: \(error)")))
        }
    }

    // MARK: End

    private func exited(_ instance: LiveInstance, _ status: ProcessExit) {
        instance.notifySocket?.receive()
        executions.instanceEnded(instance.id)
        routes.exited(instance.id)
        let kills = instance.containment.outOfMemoryKills()
        if let kills { telemetry.outOfMemory(kills: kills.count, of: instance.id, in: instance.replica) }
        if let shortage = instance.memoryKills.shortage(of: kills, at: status) {
            queue.post(.ranOutOfMemory(instance.id, shortage))
        }
        // What cannot be looked into, for want of descriptors say, is not empty for that.
        let hasLeftovers = (try? instance.containment.isEmpty()) != true
        queue.post(.exited(instance.id, StackModel.ExitStatus(status), leftovers: hasLeftovers))
        if hasLeftovers { awaitEmpty(instance) }
    }

    private func awaitEmpty(_ instance: LiveInstance) {
        do throws(SystemError) {
            try instance.containment.onEmpty { [queue, id = instance.id] in queue.post(.emptied(id)) }
        } catch {
            // Out of descriptors, say: it must not be forgotten for that.
            queue.post(.observed(.replica(instance.replica), .degraded("its processes cannot be watched: \(error)")))
            loop.schedule(after: Self.retryPeriod) { [unowned self, weak instance] in
                if let instance { awaitEmpty(instance) }
            }
        }
    }

    static let retryPeriod = Duration.seconds(1)

    private func signal(_ instance: LiveInstance, _ signal: Signal, _ scope: SignalScope) {
        // What has ended in the meantime says so by itself.
        let send: () -> Void = {
            switch scope {
            case .mainProcess: try? instance.process?.signal(signal.number)
            case .allProcesses: try? instance.containment.signalAll(signal.number)
            }
        }
        // HAProxy may be asked a little later.
        if signal == instance.spec.stop.signal { routes.stopping(instance.id, send) } else { send() }
    }

    private func kill(_ instance: LiveInstance) {
        instance.isBeingKilled = true
        do throws(SystemError) {
            try instance.containment.killAll()
        } catch {
            queue.post(.observed(.replica(instance.replica), .degraded("it cannot be killed: \(error)")))
        }
    }

    private func release(_ id: InstanceID) {
        guard let instance = instances.remove(id) else { return }
        routes.ended(id)
        for probe in instance.probes.values { probe.task.cancel() }
        instance.probes = [:]
        instance.output.finish()
        do throws(SystemError) {
            try instance.containment.remove()
        } catch {
            queue.post(.observed(.replica(instance.replica), .degraded("its cgroup cannot be removed: \(error)")))
        }
    }

    /// Runs the service's command beside its main process; it is a member of the instance, and ends with it at the
    /// latest.
    private func runPreStop(_ instance: LiveInstance) {
        guard let command = instance.spec.stop.preStop else { return }
        var request = instance.request
        request.arguments = command.map { $0.filled(in: instance.context) }
        do {
            let output = try logs.attach(beside: instance.replica, instance.spec.logging)
            let process = try output.withWriters { (writer, error) throws(SpawnError) in
                request.standardOutput = writer
                request.standardError = error
                return try spawner.spawn(request)
            }
            instance.preStop = try exits.watch(process) { [queue, id = instance.id] status in
                output.finish()
                let outcome = StackModel.ExitStatus(status)
                queue.post(.preStopFinished(id, outcome.isSuccess ? .succeeded : .failed("it \(outcome)")))
            }
        } catch {
            queue.post(.preStopFinished(instance.id, .failed("\(error)")))
        }
    }
}

// MARK: - Small parts

extension EffectInterpreter {
    @discardableResult
    func attempt<Value>(
        _ stage: String, _ body: () throws(SystemError) -> Value
    ) throws(SpawnFailure) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw SpawnFailure(stage: stage, error)
        }
    }
}

extension StackModel.ExitStatus {
    init(_ status: ProcessExit) {
        self =
            switch status {
            case .exited(let code): .exited(code: code)
            case .signaled(let signal, let dumpedCore): .signalled(Signal(number: signal), coreDumped: dumpedCore)
            case .unknown: .unknown
            }
    }
}

extension NotifyMessage {
    /// What the message says, in the order in which it is to be heard: more time before anything that could run out.
    var notifications: [Notification] {
        var result: [Notification] = []
        if let microseconds = extendTimeoutMicroseconds {
            result.append(.extendTimeout(.microseconds(Int64(clamping: microseconds))))
        }
        if let status { result.append(.status(status)) }
        if isAlive { result.append(.watchdog) }
        if isBroken { result.append(.broken) }
        if isReloading { result.append(.reloading) }
        if isReady { result.append(.ready) }
        if isStopping { result.append(.stopping) }
        return result
    }
}

extension ServiceSpec {
    /// It is given a NOTIFY_SOCKET.
    fileprivate var listensToNotify: Bool {
        notify || watchdog != nil || probes.startup?.handler == .notify || probes.readiness?.handler == .notify
    }
}
