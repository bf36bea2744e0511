import ControlProtocol
import ControlServer
import StackModel

/// A daemon that runs nothing: it remembers commands, keeps a ring of events, and feeds followers.
actor FakeController: StackController {
    static let time = Timestamp(milliseconds: 1_795_420_373_042)
    /// The service that has a rollout.
    static let rolledOut = "db"
    static let rollout = RolloutDocument(
        number: 2, revision: "cd", cause: .changed, detail: "it was changed", phase: .paused, since: time, wanted: 1,
        updated: 0, available: 0, reason: "it was paused")
    static let scaling = ScalingDocument(
        rule: .autoscaler, active: true, minimum: 1, maximum: 4, interval: 5, decision: decision)
    static let decision = ScalingDocument.Decision(
        time: time, current: 2, desired: 1, reason: "cpu is 10%, and 70% is right")
    static let revision = RevisionDocument(
        number: 2, revision: "cd", cause: .changed, detail: "it was changed", since: time, outcome: .underWay)

    private(set) var commands: [ControlCommand] = []
    /// `db=3`
    private(set) var scales: [String] = []
    private(set) var logQueries: [LogQuery] = []
    private(set) var eventQueries: [EventQuery] = []
    private(set) var eventFeeds: [Feed<EventDocument>] = []
    private(set) var logFeeds: [Feed<LogLine>] = []
    private(set) var watchFeeds: [Feed<WatchDocument>] = []
    private(set) var applied: [ApplyRequest] = []
    private(set) var executions: [(request: ExecutionRequest, besideInstance: Bool)] = []
    private(set) var executionFeeds: [Feed<ExecutionRecord>] = []
    private(set) var executionActions: [ExecutionAction] = []
    /// Is refused the first time that it comes.
    private var refusedInput: [UInt8]?
    private var beforeWatch: @Sendable () async -> Void = {}
    private var ring: [EventDocument] = []
    private var lines: [LogLine] = []
    private var isShuttingDown = false
    private let ringSize: Int
    private let readyServices: Set<String>

    init(ringSize: Int = 100, readyServices: Set<String> = ["db", "web"]) {
        self.ringSize = ringSize
        self.readyServices = readyServices
    }

    static func event(_ id: UInt64, text: String = "it happened") -> EventDocument {
        EventDocument(
            id: id, time: Timestamp(milliseconds: time.milliseconds + Int64(id)), subject: "db", service: "db",
            code: "happened", text: text)
    }

    static func line(_ sequence: UInt64, service: String = "db", text: String = "hello") -> LogLine {
        LogLine(time: time, service: service, replica: 0, stream: .stdout, sequence: sequence, text: text)
    }

    func publish(_ ids: ClosedRange<UInt64>, text: String = "it happened") {
        for id in ids {
            let event = Self.event(id, text: text)
            ring.append(event)
            if ring.count > ringSize { ring.removeFirst() }
            eventFeeds.removeAll { !$0.offer(event) }
        }
    }

    func print(_ newLines: [LogLine]) {
        lines += newLines
        for line in newLines { logFeeds.removeAll { !$0.offer(line) } }
    }

    func refuseOnce(_ input: [UInt8]) {
        refusedInput = input
    }

    func beforeWatch(_ wait: @escaping @Sendable () async -> Void) {
        beforeWatch = wait
    }

    // MARK: StackController

    func stack() -> StackDocument {
        StackDocument(
            name: "shop", state: isShuttingDown ? .stopping : .ready, ready: !isShuttingDown, since: Self.time,
            files: ["/etc/shop.yaml"], directories: .init(state: "/s", run: "/r", logs: "/l"),
            daemon: .init(pid: 7, version: "0.1.0", since: Self.time))
    }

    func services() -> [ServiceDocument] {
        ["db", "web"].map(document)
    }

    private func document(_ name: String) -> ServiceDocument {
        let isReady = readyServices.contains(name)
        let replica = ReplicaDocument(
            service: name, replica: 0, state: .running, ready: isReady, pid: 42, instance: 1, restarts: 0,
            revision: "ab", since: Self.time, reason: "it runs")
        return ServiceDocument(
            name: name, desired: .running, ready: isReady, revision: "ab", dependencies: [], scale: 1,
            replicas: [replica], rollout: name == Self.rolledOut ? Self.rollout : nil, history: [Self.revision])
    }

    private func check(_ name: ServiceName) throws(ControlProblem) {
        guard ["db", "web"].contains(name.text) else { throw .noSuchService(name.text) }
    }

    func service(_ name: ServiceName) throws(ControlProblem) -> ServiceDocument {
        try check(name)
        return document(name.text)
    }

    func explain(_ service: ServiceName, replica: Int?) throws(ControlProblem) -> [EventDocument] {
        try check(service)
        if let replica, replica > 0 { throw .noSuchReplica(replica, of: service.text, indices: [0]) }
        return [Self.event(2, text: replica.map { "replica \($0)" } ?? "service"), Self.event(1)]
    }

    func scaling(of service: ServiceName) throws(ControlProblem) -> ScalingStatusDocument {
        try check(service)
        return ScalingStatusDocument(
            service: service.text, scale: 1, scaling: Self.scaling,
            decisions: [Self.decision])
    }

    func scale(_ service: ServiceName, to replicas: Int) throws(ControlProblem) -> ScaledDocument {
        guard !isShuttingDown else { throw .shuttingDown }
        try check(service)
        scales.append("\(service)=\(replicas)")
        return ScaledDocument(
            service: service.text, scale: replicas, scaling: ScalingDocument(rule: .manual), event: ring.last?.id ?? 0)
    }

    func events(_ query: EventQuery) -> Subscription<EventDocument> {
        eventQueries.append(query)
        let kept =
            switch query.start {
            case .now: [EventDocument]()
            case .after(let number): ring.filter { $0.id > number || number > ring.last?.id ?? 0 }
            case .since(let time): ring.filter { $0.time >= time }
            }
        var backlog = kept.map { StreamRecord.item($0) }
        if case .after(let number) = query.start, number > 0,
            let first = kept.first?.id, first > 1, number < first - 1
        {
            let gap = StreamGap(lost: first - number - 1, unit: .events, code: .noLongerKept)
            backlog.insert(.gap(gap), at: 0)
        }
        let feed = query.follow ? Feed<EventDocument>() : nil
        if let feed { eventFeeds.append(feed) }
        return Subscription(backlog: backlog, feed: feed)
    }

    func logs(_ query: LogQuery) throws(ControlProblem) -> Subscription<LogLine> {
        logQueries.append(query)
        for name in query.services where !["db", "web"].contains(name) { throw .noSuchService(name) }
        let wanted = lines.filter { line in
            let seen = query.after?.numbers[.init(service: line.service, index: line.replica)] ?? 0
            return line.sequence > seen && (query.services.isEmpty || query.services.contains(line.service))
        }
        let feed = query.follow ? Feed<LogLine>() : nil
        if let feed { logFeeds.append(feed) }
        return Subscription(backlog: wanted.suffix(query.tail ?? wanted.count).map { .item($0) }, feed: feed)
    }

    func perform(_ command: ControlCommand) throws(ControlProblem) -> AcceptedDocument {
        guard !isShuttingDown else { throw .shuttingDown }
        var services = ["db", "web"]
        switch command {
        case .start(let names), .stop(let names, _), .restart(let names, _, _):
            for name in names { try check(name) }
            if !names.isEmpty { services = names.map(\.text) }
        case .signal(let name, _, _):
            try check(name)
            services = [name.text]
        case .rollout(let name, let order):
            try check(name)
            guard name.text == Self.rolledOut else { throw .noRollout(of: name.text, "is not being replaced") }
            if case .undo(let number?) = order, number > 1 { throw .noSuchRevision("there is no \(number)") }
            services = [name.text]
        case .shutdown:
            isShuttingDown = true
        }
        commands.append(command)
        return AcceptedDocument(services: services, event: ring.last?.id ?? 0)
    }

    func doctor() -> [DoctorCheck] {
        [DoctorCheck(name: "cgroup", level: .ok, finding: "cgroup v2")]
    }

    func resolvedFile() -> String { #"{"name":"shop","services":{}}"# + "\n" }

    func plan(_ request: PlanRequest) throws(ControlProblem) -> PlanDocument {
        if let fault = request.environment["FAULT"] { throw .invalidFile([fault]) }
        return PlanDocument(
            plan: "ab12",
            changes: [
                .init(
                    service: "db", kind: .restart, differences: [.init(key: "command", before: "a", after: "b")],
                    dependents: ["web"])
            ], warnings: ["shop.yaml:1:1: warning: old"], event: ring.last?.id ?? 0)
    }

    func apply(_ request: ApplyRequest) throws(ControlProblem) -> PlanDocument {
        if let taken = request.environment["TAKEN"] { throw .portConflict([taken]) }
        let plan = try plan(PlanRequest(environment: request.environment))
        if let expected = request.plan, expected != plan.plan { throw .planChanged(to: plan.plan) }
        applied.append(request)
        return plan
    }

    func usage() -> [UsageDocument] {
        [
            UsageDocument(
                service: "db", replica: 0, instance: 1, time: Self.time, cpuSeconds: 1.5, memoryBytes: 4_096,
                processes: 2)
        ]
    }

    func metrics() -> StackMetrics {
        StackMetrics(
            stack: stack(), services: services().map { .init(document: $0, replicas: []) },
            daemon: .init(
                turns: .init(), spawns: .init(), residentBytes: 1, cpuSeconds: 0.5, openDescriptors: 9, events: 3))
    }

    func watch() async -> Subscription<WatchDocument> {
        await beforeWatch()
        let feed = Feed<WatchDocument>()
        watchFeeds.append(feed)
        return Subscription(backlog: [], feed: feed)
    }

    func execute(
        _ request: ExecutionRequest, of service: ServiceName, besideInstance: Bool
    ) throws(ControlProblem) -> Subscription<ExecutionRecord> {
        try check(service)
        if let replica = request.replica, replica > 0 { throw .noSuchReplica(replica, of: service.text, indices: [0]) }
        if besideInstance, !readyServices.contains(service.text) { throw .notRunning(service.text) }
        guard request.command.first != "/none" else { throw .cannotExecute("/none: No such file or directory") }
        executions.append((request, besideInstance))
        let feed = Feed<ExecutionRecord>()
        executionFeeds.append(feed)
        let id = UInt64(executions.count)
        return Subscription(backlog: [.item(.started(id: id, pid: 77))], feed: request.detach ? nil : feed)
    }

    func control(_ id: UInt64, _ action: ExecutionAction) throws(ControlProblem) {
        guard (1...UInt64(max(1, executions.count))).contains(id), !executions.isEmpty else {
            throw .noSuchExecution(id)
        }
        if case .input(let bytes, _) = action, bytes == refusedInput {
            refusedInput = nil
            throw .tooMuchInput(limit: 1)
        }
        executionActions.append(action)
    }
}
