import ControlProtocol
import ControlServer
import LinuxRuntime
import StackModel
import SupervisorCore

/// What is run for clients: beside an instance, or as a one-off instance of a service.
extension EffectInterpreter {
    /// Runs a command as a further member of the instance, made as its main process is.
    /// - Throws: `too_many_executions`, `cannot_execute`.
    func execute(
        _ request: ExecutionRequest, beside instance: LiveInstance
    ) throws(ControlProblem) -> Subscription<ExecutionRecord> {
        try begin(request, about: .replica(instance.replica)) { id in
            let spec = request.applied(to: instance.spec)
            var process = try launcher.request(for: spec, in: instance.context)
            // What only its instance could know.
            for name in ["STACKD_INSTANCE", ProcessTree.marker, "NOTIFY_SOCKET", "WATCHDOG_USEC"] {
                if let value = instance.request.environment[name] { process.environment.setDefault(name, value) }
            }
            return Order(
                process: process, replica: instance.replica, spec: spec,
                place: .beside(instance.id, instance.containment))
        }
    }

    /// Runs a one-off instance: without listeners, with ports of its own, as no replica of the service.
    /// - Throws: `too_many_executions`, `cannot_execute`.
    func run(
        _ request: ExecutionRequest, of service: ServiceSpec
    ) throws(ControlProblem) -> Subscription<ExecutionRecord> {
        // It has to be some replica's, for what the file says of each: the first that every service has.
        let replica = ReplicaID(service: service.name, index: 0)
        return try begin(request, about: .service(service.name)) { id in
            let spec = request.applied(to: service)
            // No replica has a slot below 0.
            let slot = -Int(id)
            do {
                let context = launcher.context(for: replica, ports: try ports(of: spec, slot: slot))
                var process = try launcher.request(for: spec, in: context)
                // Unless it is another, its program is that of the service's revision.
                if spec.process.command.first == service.process.command.first {
                    process.executable = try executables.path(for: service)
                }
                let containment = try containments.make("run-\(id)")
                limit(containment, as: spec)
                return Order(
                    process: process, replica: replica, spec: spec, place: .alone(containment),
                    onOver: { [unowned self] in releasePorts(of: spec, slot: slot) })
            } catch {
                releasePorts(of: spec, slot: slot)
                throw error
            }
        }
    }

    /// What is to be run, where, and what is given back afterwards.
    private struct Order {
        var process: SpawnRequest
        var replica: ReplicaID
        var spec: ServiceSpec
        var place: Execution.Place
        var onOver: () -> Void = {}

        /// Nothing has come of it.
        func takeBack() {
            if case .alone(let containment) = place {
                try? containment.killAll()
                try? containment.remove()
            }
            onOver()
        }
    }

    private func begin(
        _ request: ExecutionRequest, about subject: Subject, _ prepare: (UInt64) throws -> Order
    ) throws(ControlProblem) -> Subscription<ExecutionRecord> {
        let id = try executions.nextID()
        do {
            let order = try prepare(id)
            do {
                return try begin(request, id, order, about: subject)
            } catch {
                order.takeBack()
                throw error
            }
        } catch {
            throw .cannotExecute("\(error)")
        }
    }

    private func begin(
        _ request: ExecutionRequest, _ id: UInt64, _ order: Order, about subject: Subject
    ) throws -> Subscription<ExecutionRecord> {
        var process = order.process
        let output: Execution.Output
        if request.detach {
            output = .log(try logs.attach(beside: order.replica, order.spec.logging))
        } else {
            output = try connect(request, id, owner: process.credentials?.uid)
            // As other programs that lend a terminal do: most that use one refuse to without it.
            if request.terminal != nil { process.environment.setDefault("TERM", "xterm") }
        }
        let execution = Execution(
            id: id, at: order.place, stop: order.spec.stop, output: output, takesInput: request.input, loop: loop)
        do {
            let pid = try execution.start(process, by: spawner, exits)
            let words = ExecutionRequest.words(process.arguments)
            executions.add(execution, words, pid: pid, about: subject, onOver: order.onOver)
            return Subscription(backlog: [.item(.started(id: id, pid: pid))], feed: output.feed)
        } catch {
            execution.closeOutput()
            throw error
        }
    }

    /// The streams between the process and its client. What the client does not take stays in them.
    private func connect(
        _ request: ExecutionRequest, _ id: UInt64, owner: UInt32?
    ) throws(SystemError) -> Execution.Output {
        let feed = Feed<ExecutionRecord>(capacity: Executions.feedCapacity)
        let onClientChange = executions.onClientChange
        let notify: @Sendable () -> Void = { onClientChange(id) }
        let take: SpawnStreams.Taker = { source, bytes in
            // Where nobody is there to take it, it is nobody's.
            guard feed.offer(.output(source == .output ? .stdout : .stderr, bytes)), feed.isCrowded else { return true }
            feed.whenTaken(notify)
            return false
        }
        let streams: SpawnStreams
        if let size = request.terminal {
            streams = try SpawnStreams(
                terminal: TerminalSize(size), owner: owner, inputCapacity: Executions.inputLimit, loop: loop,
                take: take)
        } else {
            streams = try SpawnStreams(
                withInput: request.input, inputCapacity: Executions.inputLimit, loop: loop, take: take)
        }
        feed.whenFinished(notify)
        return .client(feed, streams)
    }
}

extension Execution.Output {
    fileprivate var feed: Feed<ExecutionRecord>? {
        switch self {
        case .client(let feed, _): feed
        case .log: nil
        }
    }
}
