public import ControlProtocol
public import ControlServer
import Glibc
import StackFile
public import StackModel
import SupervisorCore

/// The control API's view of the stack. Each of its requests is one hop to the loop.
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
        let index: Int
        if let replica {
            try check(replica, of: service)
            index = replica
        } else {
            // Of a service, that replica is explained which is not as it should be.
            index = service.replicas.first { !$0.isReady && $0.state != .completed }?.id.index ?? 0
        }
        return supervisor.explain(ReplicaID(service: name, index: index)).map { event in
            EventDocument(event, at: history.time(of: event.id) ?? clock.time(of: event.time))
        }
    }

    func check(_ replica: Int, of service: ServiceSnapshot) throws(ControlProblem) {
        guard service.replicas.contains(where: { $0.id.index == replica }) else {
            throw .noSuchReplica(replica, of: service.name.text, count: service.replicas.count)
        }
    }

    public func events(_ query: EventQuery) -> Subscription<EventDocument> {
        history.subscribe(query)
    }

    public func logs(_ query: LogQuery) async throws(ControlProblem) -> Subscription<LogLine> {
        let known = configuration.stack.services.map(\.name)
        for name in query.services where !known.contains(where: { $0.text == name }) { throw .noSuchService(name) }
        let source = try interpreter.logs.source(query, of: known)
        await source.begin()
        return Subscription(backlog: [], feed: source)
    }

    public func doctor() -> [DoctorCheck] { checks }

    public func resolvedFile() -> String { ResolvedFile(configuration.stack).json }

    // MARK: What is to be done

    public func perform(_ command: ControlCommand) throws(ControlProblem) -> AcceptedDocument {
        let newest = history.newest
        let services: [ServiceName]
        switch command {
        case .shutdown(let immediately):
            shutDown(immediately: immediately)
            services = supervisor.serviceNames
        case .services(let action, let names):
            try check(names)
            queue.post(.command(Command(action, names)))
            services = names.isEmpty ? supervisor.serviceNames : names
        case .scale(let name, let count):
            try check([name])
            queue.post(.command(.scale(name, count)))
            services = [name]
        case .signal(let name, let replica, let signal):
            try check([name])
            let service = try snapshot(of: name)
            if let replica { try check(replica, of: service) }
            let isRunning = service.replicas.contains { $0.pid != nil && $0.id.index == replica ?? $0.id.index }
            guard isRunning else { throw .notRunning(replica.map { "\(name)/\($0)" } ?? name.text) }
            queue.post(.command(.signal(name, replica: replica, signal)))
            services = [name]
        }
        return AcceptedDocument(services: services.map(\.text), event: newest)
    }

    private func check(_ names: [ServiceName]) throws(ControlProblem) {
        guard !isAskedToStop else { throw .shuttingDown }
        for name in names where !supervisor.hasService(name) { throw .noSuchService(name.text) }
    }
}

extension Command {
    fileprivate init(_ action: ServiceAction, _ names: [ServiceName]) {
        self =
            switch action {
            case .start: .start(names)
            case .stop: .stop(names)
            case .restart: .restart(names)
            }
    }
}
