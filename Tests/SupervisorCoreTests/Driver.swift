import StackModel
import SupervisorCore
import Testing

/// Drives a supervisor by hand: keeps the time, gathers effects, and answers for the runner where a test lets it.
struct Driver {
    private(set) var supervisor: Supervisor
    private(set) var now = Instant.origin
    /// The effects of the latest call.
    private(set) var effects: [Effect] = []
    /// All events that were published so far.
    private(set) var published: [StackEvent] = []
    private(set) var journal: [JournalRecord] = []
    /// The latest instance of each replica.
    private(set) var instances: [String: InstanceID] = [:]
    private(set) var runs: [String: ProbeRun] = [:]
    private(set) var measurements: [Measurement] = []
    private(set) var loads: [LoadRequest] = []
    /// The revisions that are kept for each service, the newest first.
    private(set) var kept: [String: [String]] = [:]
    private var nextPid: Int32 = 1000
    /// Listeners are bound at once.
    var bindsListeners = true

    init(_ services: [ServiceSpec], restoring: Supervisor.RestoredState = .init(), seed: UInt64 = 1) {
        supervisor = Supervisor(
            stack: StackSpec(name: "test", directory: "/", services: services), restoring: restoring, seed: seed)
    }

    mutating func start(_ names: [ServiceName] = []) {
        effects = []
        supervisor.start(names, at: now, into: &effects)
        absorb()
    }

    mutating func send(_ event: Event) {
        effects = []
        supervisor.handle(event, at: now, into: &effects)
        absorb()
    }

    mutating func command(_ command: Command) {
        send(.command(command))
    }

    mutating func apply(_ services: [ServiceSpec], atOnce: Bool = false) {
        command(.apply(StackSpec(name: "test", directory: "/", services: services), atOnce: atOnce))
    }

    mutating func due(_ name: String) {
        send(.scheduleDue(name.asServiceName))
    }

    /// Makes the processes of all instances that are ordered in one call, and of those that this leads to.
    mutating func spawnAll() {
        // As often as there are services at the most, one after the other.
        for _ in 0..<100 {
            let ordered = effects.compactMap { effect in
                if case .spawn(let id, _, _) = effect { id.description } else { nil }
            }
            guard !ordered.isEmpty else { return }
            var all: [Effect] = []
            for replica in ordered {
                spawned(replica)
                all += effects
            }
            effects = all
        }
    }

    /// Goes from deadline to deadline until so much time has passed.
    mutating func pass(_ duration: Duration) {
        let end = now.advanced(by: duration)
        var all: [Effect] = []
        while let next = supervisor.nextDeadline, next <= end {
            now = max(now, next)
            send(.timePassed)
            all += effects
        }
        now = end
        effects = all
    }

    private mutating func absorb() {
        var answers: [Event] = []
        for effect in effects {
            switch effect {
            case .publish(let event): published.append(event)
            case .record(let record): journal.append(record)
            case .spawn(let id, let replica, _): instances[replica.description] = id
            case .startProbe(let id, let run): runs["\(id) \(run.role)"] = run
            case .openListeners(let revisions) where bindsListeners:
                answers += revisions.prefix(1).map { .listenersOpened($0.spec.name) }
            case .measure(let measurement): measurements.append(measurement)
            case .keepRevisions(let name, let revisions): kept[name.text] = revisions.map(\.spec.revision.text)
            case .measureLoad(let request): loads.append(request)
            case .openListeners, .closeListeners, .awaitConnection, .ignoreConnections, .runPreStop, .adopt, .signal,
                .kill, .cancelProbe, .enterRotation,
                .leaveRotation, .release, .stackStopped:
                break
            }
        }
        let before = effects
        var all = before
        for answer in answers {
            send(answer)
            all += effects
        }
        effects = all
    }

    // MARK: What the world answers

    /// The latest instance of the replica, as in `a/0`, or the one of that number, as in `#1`.
    private func instance(_ name: String) -> InstanceID? {
        name.hasPrefix("#") ? UInt64(name.dropFirst()).map { InstanceID(serial: $0) } : instances[name]
    }

    mutating func spawned(_ replica: String) {
        guard let id = instance(replica) else { return }
        nextPid += 1
        send(.spawned(id, pid: nextPid))
    }

    mutating func spawnFailed(_ replica: String, isTransient: Bool = false) {
        guard let id = instance(replica) else { return }
        let failure = SpawnFailure(stage: "executable", errno: 2, message: "exec ./x: No such file or directory")
        send(.spawnFailed(id, failure, isTransient: isTransient))
    }

    mutating func exited(_ replica: String, _ code: Int32 = 0, leftovers: Bool = false) {
        guard let id = instance(replica) else { return }
        send(.exited(id, .exited(code: code), leftovers: leftovers))
    }

    mutating func emptied(_ replica: String) {
        guard let id = instance(replica) else { return }
        send(.emptied(id))
    }

    mutating func notify(_ replica: String, _ notification: Notification) {
        guard let id = instance(replica) else { return }
        send(.notified(id, notification))
    }

    /// Answers the latest run of the probe.
    mutating func answer(_ replica: String, _ role: ProbeRole, _ outcome: ProbeOutcome) {
        guard let id = instance(replica), let run = runs["\(id) \(role)"] else { return }
        send(.probeFinished(id, run, outcome))
    }

    /// Answers the latest question about the load, at the end of an interval of 5 s: of each replica its processor time in
    /// thousandths, for every metric that is asked for.
    mutating func load(_ used: [String: Int], connections: Int? = nil, host: HostRoom = HostRoom()) {
        let samples = used.compactMap { name, value in
            instances[name].map { LoadReport.Sample(instance: $0, value: value, time: now, window: .seconds(5)) }
        }.sorted { $0.instance < $1.instance }
        answerLoad { LoadReport(readings: $0.map { _ in .instances(samples) }, connections: connections, host: host) }
    }

    mutating func answerLoad(_ report: ([LoadMetric]) -> LoadReport) {
        guard let request = loads.last else { return }
        send(.loadMeasured(request.service, run: request.run, report(request.metrics)))
    }

    // MARK: What can be seen

    func replica(_ name: String) -> ReplicaSnapshot? {
        supervisor.snapshot().services.flatMap(\.replicas).first { $0.id.description == name }
    }

    func service(_ name: String) -> ServiceSnapshot? {
        supervisor.snapshot().services.first { $0.name.text == name }
    }

    /// The outcomes of the service's runs, the newest first; `-` for one that has none yet.
    func runs(of name: String) -> [String] {
        service(name)?.runs.map { $0.outcome?.description ?? "-" } ?? []
    }

    func plan(_ services: [ServiceSpec]) -> [String] {
        supervisor.plan(for: StackSpec(name: "test", directory: "/", services: services)).map {
            "\($0.service) \($0.kind)"
        }
    }

    func phase(_ name: String) -> ReplicaPhase? { replica(name)?.state }

    func isReady(_ name: String) -> Bool { replica(name)?.isReady ?? false }

    /// The effects of the latest call in short words, but for what is published and recorded.
    var deeds: [String] { effects.compactMap(\.deed) }

    /// The codes of all events about that subject, in their order.
    func codes(about subject: String) -> [String] {
        published.filter { event in
            event.subject.description == subject || event.subject.description.hasPrefix(subject + " #")
        }.map(\.reason.code)
    }

    func last(_ code: String) -> StackEvent? { published.last { $0.reason.code == code } }
}

extension Effect {
    /// `spawn a/0`, `signal #1 SIGTERM mainProcess`, …; nil for events and journal records.
    var deed: String? {
        switch self {
        case .openListeners(let revisions):
            "open " + revisions.map { "\($0.spec.name)" }.joined(separator: " ")
        case .closeListeners(let name): "close \(name)"
        case .spawn(_, let replica, _): "spawn \(replica)"
        case .runPreStop(let id): "preStop \(id)"
        case .adopt(let id, _): "adopt \(id)"
        case .enterRotation(let id): "enter \(id)"
        case .leaveRotation(let id): "leave \(id)"
        case .measureLoad(let request): "load \(request.service) \(request.run)"
        case .awaitConnection(let name): "await \(name)"
        case .ignoreConnections(let name): "ignore \(name)"
        case .measure(let measurement): "measure \(measurement.service) \(measurement.run)"
        case .signal(let id, let signal, let scope): "signal \(id) \(signal) \(scope)"
        case .kill(let id): "kill \(id)"
        case .startProbe(let id, let run): "probe \(id) \(run.role) \(run.number)"
        case .cancelProbe(let id, let run): "cancel \(id) \(run.role) \(run.number)"
        case .release(let id): "release \(id)"
        case .stackStopped: "stackStopped"
        case .keepRevisions, .record, .publish: nil
        }
    }
}

/// A service for tests: `a` is its name, `revision` what its command ends with, everything else has the model's defaults.
func service(
    _ name: String, after dependencies: [(String, DependencySpec.Condition)] = [], replicas: Int = 1,
    restart: RestartSpec = RestartSpec(), probes: ProbeSet = ProbeSet(), stop: StopSpec = StopSpec(),
    notify: Bool = false, startTimeout: Duration? = nil, watchdog: Duration? = nil, listeners: [ListenerSpec] = [],
    isAwaitedToComplete: Bool = false, revision: String = "r1", schedule: ScheduleSpec? = nil, routes: [RouteSpec] = [],
    rollout: RolloutSpec = RolloutSpec(), resources: ResourceSpec = ResourceSpec(), autoscale: AutoscaleSpec? = nil
) -> ServiceSpec {
    ServiceSpec(
        name: name.asServiceName, revision: Revision(revision),
        process: ProcessSpec(command: ["x", Template(revision)]),
        replicas: replicas,
        dependencies: dependencies.map { DependencySpec(service: $0.0.asServiceName, condition: $0.1) },
        listeners: listeners, notify: notify, probes: probes, startTimeout: startTimeout, watchdog: watchdog,
        restart: restart, stop: stop, isAwaitedToComplete: isAwaitedToComplete, schedule: schedule, routes: routes,
        rollout: rollout, resources: resources, autoscale: autoscale)
}

extension String {
    /// For names that are written in a test: they are valid.
    var asServiceName: ServiceName {
        guard let name = ServiceName(self) else { preconditionFailure("\(self) is no service name") }
        return name
    }
}

let tcpProbe = ProbeSpec(handler: .tcp(host: "127.0.0.1", port: .number(1)))
