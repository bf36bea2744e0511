public import ControlProtocol
public import ControlServer
import Glibc
import StackFile
public import StackModel
import SupervisorCore

/// The control API's view of the stack. Each of its requests is one hop to the loop, where nothing is to be read from
/// elsewhere.
extension StackRunner: StackController {
    // MARK: What is

    public func stack() -> StackDocument {
        StackDocument(
            name: configuration.stack.name, state: stateSince.state, ready: supervisor.isReady, since: stateSince.time,
            files: configuration.files,
            directories: StackDocument.Directories(
                state: configuration.paths.stateDirectory, run: configuration.paths.runDirectory,
                logs: configuration.logDirectory),
            daemon: StackDocument.Daemon(pid: getpid(), version: productVersion, since: clock.startedAt))
    }

    public func services() -> [ServiceDocument] {
        supervisor.snapshot().services.map(document)
    }

    public func service(_ name: ServiceName) throws(ControlProblem) -> ServiceDocument {
        document(try snapshot(of: name))
    }

    func snapshot(of name: ServiceName) throws(ControlProblem) -> ServiceSnapshot {
        guard let service = supervisor.snapshot().services.first(where: { $0.name == name }) else {
            throw .noSuchService(name.text)
        }
        return service
    }

    func document(_ service: ServiceSnapshot) -> ServiceDocument {
        WireMapping(clock).document(service, next: schedules.next(of: service.name))
    }

    public func explain(_ name: ServiceName, replica: Int?) throws(ControlProblem) -> [EventDocument] {
        let service = try snapshot(of: name)
        if let replica { try check(replica, of: service) }
        let index = replica ?? service.explainedReplica
        let chain =
            index.map { supervisor.explain(ReplicaID(service: name, index: $0)) } ?? supervisor.explain(name)
        return chain.map { event in
            EventDocument(event, at: history.time(of: event.id) ?? clock.time(of: event.time))
        }
    }

    func check(_ replica: Int, of service: ServiceSnapshot) throws(ControlProblem) {
        let indices = service.slots.map(\.id.index)
        guard indices.contains(replica) else {
            throw .noSuchReplica(replica, of: service.name.text, indices: indices)
        }
    }

    public func scaling(of name: ServiceName) throws(ControlProblem) -> ScalingStatusDocument {
        let service = try snapshot(of: name)
        let mapping = WireMapping(clock)
        return ScalingStatusDocument(
            service: name.text, scale: service.wantedReplicas, scaling: mapping.document(service.scaling),
            decisions: service.scaling.decisions.map(mapping.document))
    }

    public func events(_ query: EventQuery) -> Subscription<EventDocument> {
        history.subscribe(query)
    }

    public func logs(_ query: LogQuery) async throws(ControlProblem) -> Subscription<LogLine> {
        let known = supervisor.serviceNames
        for name in query.services where !known.contains(where: { $0.text == name }) { throw .noSuchService(name) }
        let source = try interpreter.logs.source(query, of: known)
        await source.begin()
        return Subscription(backlog: [], feed: source)
    }

    public func doctor() -> [DoctorCheck] { checks }

    public func resolvedFile() -> String { ResolvedFile(runningStack).json }

    /// Its files' services, each as what counts of it: after a rollback that is not what the files say.
    private var runningStack: StackSpec {
        var stack = configuration.stack
        stack.services = stack.services.map { supervisor.spec(of: $0.name) ?? $0 }
        return stack
    }

    // MARK: What is to be done

    public func perform(_ command: ControlCommand) async throws(ControlProblem) -> AcceptedDocument {
        switch command {
        case .start(let names): return try accept(.start(names), for: names)
        case .stop(let names, let grace): return try accept(.stop(names, grace: grace), for: names)
        case .restart(let names, let grace, let atOnce):
            let executables = try await executables(of: names)
            return try accept(
                .restart(names, RestartOptions(grace: grace, atOnce: atOnce, executables: executables)), for: names)
        case .signal(let name, let replica, let signal): return try relay(signal, to: name, replica: replica)
        case .rollout(let name, let command): return try rollout(name, command)
        case .shutdown(let immediately, let grace): return shutDown(immediately, grace)
        }
    }

    public func scale(_ name: ServiceName, to count: Int) throws(ControlProblem) -> ScaledDocument {
        let accepted = try accept(.scale(name, count), for: [name])
        // Whose number counts from now on is the core's to say.
        takeQueue()
        let service = try service(name)
        return ScaledDocument(
            service: service.name, scale: service.scale, scaling: service.scaling, event: accepted.event)
    }

    func accept(_ command: Command, for names: [ServiceName]) throws(ControlProblem) -> AcceptedDocument {
        try check(names)
        let newest = history.newest
        queue.post(.command(command))
        return AcceptedDocument(
            services: (names.isEmpty ? supervisor.serviceNames : names).map(\.text), event: newest)
    }

    private func shutDown(_ immediately: Bool, _ grace: Duration?) -> AcceptedDocument {
        let newest = history.newest
        shutDown(immediately: immediately, grace: grace)
        return AcceptedDocument(services: supervisor.serviceNames.map(\.text), event: newest)
    }

    private func relay(
        _ signal: Signal, to name: ServiceName, replica: Int?
    ) throws(ControlProblem) -> AcceptedDocument {
        try check([name])
        let service = try snapshot(of: name)
        if let replica { try check(replica, of: service) }
        let isRunning = service.replicas.contains { $0.pid != nil && $0.id.index == replica ?? $0.id.index }
        guard isRunning else { throw .notRunning(replica.map { "\(name)/\($0)" } ?? name.text) }
        return try accept(.signal(name, replica: replica, signal), for: [name])
    }

    /// What the services run, as it is on the disk now; those that have become others while it was read are left out.
    func executables(
        of names: [ServiceName]
    ) async throws(ControlProblem) -> [ServiceName: ExecutableFile] {
        try check(names)
        let specs = (names.isEmpty ? supervisor.serviceNames : names).compactMap { supervisor.spec(of: $0) }
        let read = await interpreter.executables.executables(of: specs)
        let same = Set(specs.filter { supervisor.spec(of: $0.name)?.revision == $0.revision }.map(\.name))
        return read.filter { same.contains($0.key) }
    }

    func check(_ names: [ServiceName]) throws(ControlProblem) {
        guard !isAskedToStop else { throw .shuttingDown }
        for name in names where !supervisor.hasService(name) { throw .noSuchService(name.text) }
    }
}
