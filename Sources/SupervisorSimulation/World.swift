import HeapModule
import StackModel
import SupervisorCore

/// What the core believes to be Linux: it carries out effects on processes that do not exist, in a time that does not
/// pass, and tells their outcomes as events.
struct World {
    /// Something that is going to happen.
    enum Happening {
        case order(FaultPlan.Order)
        /// By the schedule of a service.
        case runDue(ServiceName)
        case listenersAnswer(service: Int, SpawnFailure?)
        case birth(InstanceID)
        /// The main process ends by itself.
        case fate(InstanceID, ExitStatus)
        /// The main process ends of a signal.
        case end(InstanceID, ExitStatus)
        case leftoversEnd(InstanceID)
        case emptied(InstanceID)
        case probeAnswer(InstanceID, ProbeRun, ProbeOutcome)
        case hookEnd(InstanceID, PreStopOutcome)
        case notification(InstanceID, Notification)
        case watchdog(InstanceID)
        case observation(InstanceID, Observation)
        /// No request is with it any more.
        case lastRequestDone(InstanceID)
        case measured(ServiceName, UInt64, [Measurement.Value])
        case loadMeasured(ServiceName, UInt64, LoadReport)
        /// Somebody wants to be served by what has no replica.
        case connection(service: Int)
        case outOfMemory(InstanceID)
        case healing
        /// Somebody looks after what stands still.
        case visit
    }

    private struct Entry: Comparable {
        var time: Instant
        var number: UInt64
        var happening: Happening

        static func < (left: Entry, right: Entry) -> Bool {
            left.time == right.time ? left.number < right.number : left.time < right.time
        }

        static func == (left: Entry, right: Entry) -> Bool { left.number == right.number }
    }

    let universe: Universe
    let plan: FaultPlan
    /// Those of the services whose program may end by itself, well, when it is done.
    private let mayEnd: [Bool]
    private(set) var now = Instant.origin
    /// Somebody is there to look after what stands still.
    private(set) var isVisited = false
    private(set) var openListeners: Set<Int> = []
    var processes: [InstanceID: Process] = [:]
    /// Services to which the next connection is to be told.
    var awaited: Set<Int> = []
    let loads: [OfferedLoad]
    var random: SplitMix64
    private var agenda = Heap<Entry>()
    private var entries: UInt64 = 0
    private var nextPID: Int32 = 100

    init(_ universe: Universe, plan: FaultPlan, random: SplitMix64) {
        self.universe = universe
        self.plan = plan
        var random = random
        mayEnd = universe.services.map { service in
            let isReliedOn = universe.services.contains { other in
                other.dependencies.contains { $0.service == service.name && $0.condition == .healthy }
            }
            // What others rely on to serve seldom ends; but nothing keeps it from that.
            return random.chance(percent: isReliedOn ? 15 : 40)
        }
        var loadRandom = random.split()
        loads = universe.services.map { _ in OfferedLoad(random: &loadRandom) }
        self.random = random
        for order in plan.orders { schedule(.order(order), at: order.time) }
        for due in plan.dues { schedule(.runDue(due.service), at: due.time) }
        schedule(.healing, at: plan.healsAt)
    }

    /// When the next thing happens; nil where nothing ever will.
    var nextTime: Instant? { agenda.min?.time }

    /// Whether anything is left of the stack.
    var isEmpty: Bool {
        openListeners.isEmpty && processes.values.allSatisfy { !$0.isAlive }
    }

    /// Its program ends by itself, well, when it is done.
    func isOneShot(_ process: Process) -> Bool {
        let spec = process.spec
        return spec.isAwaitedToComplete || spec.schedule != nil || !spec.shouldStayUp && mayEnd[process.service]
    }

    /// How late the daemon's timers are served now.
    mutating func timerDelay() -> Duration {
        for service in universe.services.indices where plan.faults(of: service, at: now).contains(.timersLate) {
            return random.milliseconds(0...Self.largestTimerDelay)
        }
        return random.microseconds(0...1_000)
    }

    /// In milliseconds.
    static let largestTimerDelay = 300

    mutating func schedule(_ happening: Happening, at time: Instant) {
        entries += 1
        agenda.insert(Entry(time: max(now, time), number: entries, happening: happening))
    }

    mutating func schedule(_ happening: Happening, after delay: Duration) {
        schedule(happening, at: now.advanced(by: delay))
    }

    mutating func pass(to time: Instant) {
        now = max(now, time)
    }

    /// Lets the next thing happen; nil where it does not concern the core. `deadline`: the core's next.
    mutating func next(deadline: Instant? = nil) -> Event? {
        guard let entry = agenda.popMin() else { return nil }
        now = max(now, entry.time)
        switch entry.happening {
        case .order(let order): return give(order, deadline: deadline)
        case .runDue(let service): return .scheduleDue(service)
        case .listenersAnswer(let service, let failure): return listenersAnswer(service, failure)
        case .birth(let id): return birth(id)
        case .fate(let id, let status): return processes[id]?.isSpared == false ? end(id, status) : nil
        case .end(let id, let status): return end(id, status)
        case .leftoversEnd(let id): return endLeftovers(id)
        case .emptied(let id): return .emptied(id)
        // Also where its run was cancelled: the answer may have been on its way.
        case .probeAnswer(let id, let run, let outcome): return .probeFinished(id, run, outcome)
        case .hookEnd(let id, let outcome): return endHook(id, outcome)
        case .notification(let id, let notification): return notify(id, notification)
        case .watchdog(let id): return feedWatchdog(id)
        case .observation(let id, let observation):
            return processes[id].map { .observed(.instance(id, of: $0.replica), observation) }
        case .lastRequestDone(let id): return .leftRotation(id)
        case .measured(let service, let run, let values): return .measured(service, run: run, values)
        case .loadMeasured(let service, let run, let report): return .loadMeasured(service, run: run, report)
        case .connection(let service): return connect(to: service)
        case .outOfMemory(let id): return runOutOfMemory(id)
        case .healing:
            heal()
            return nil
        case .visit:
            isVisited = true
            return nil
        }
    }

    /// Whoever was there comes again after that time; nil is never.
    mutating func endVisit(again delay: Duration?) {
        isVisited = false
        if let delay { schedule(.visit, after: delay) }
    }

    private mutating func give(_ order: FaultPlan.Order, deadline: Instant?) -> Event? {
        guard order.meetsDeadline, let deadline, deadline > now else { return .command(order.command) }
        schedule(.order(FaultPlan.Order(time: deadline, command: order.command)), at: deadline)
        return nil
    }

    private func listenersAnswer(_ service: Int, _ failure: SpawnFailure?) -> Event {
        let name = universe.services[service].name
        return failure.map { .listenersFailed(name, $0) } ?? .listenersOpened(name)
    }

    mutating func makePID() -> Int32 {
        nextPID += 1
        return nextPID
    }
}

/// The effects.
extension World {
    mutating func carryOut(_ effect: Effect) {
        switch effect {
        case .openListeners(let revisions): revisions.first.map { bind($0.spec) }
        case .closeListeners(let name): universe.indices[name].map { _ = openListeners.remove($0) }
        case .spawn(let id, let replica, let revision): conceive(id, replica, revision)
        case .adopt(let id, let revision): adopt(id, revision)
        case .runPreStop(let id): runHook(id)
        case .signal(let id, let signal, let scope): self.signal(id, signal, scope)
        case .kill(let id): kill(id)
        case .startProbe(let id, let run): start(run, of: id)
        case .leaveRotation(let id): leaveRotation(id)
        case .measure(let measurement): measure(measurement)
        case .measureLoad(let request): measureLoad(request)
        case .awaitConnection(let name): awaitConnection(to: name)
        case .ignoreConnections(let name): universe.indices[name].map { _ = awaited.remove($0) }
        case .release(let id): processes[id] = nil
        case .cancelProbe, .enterRotation, .keepRevisions, .record, .publish, .stackStopped: break
        }
    }

    private mutating func bind(_ spec: ServiceSpec) {
        guard let service = universe.indices[spec.name] else { return }
        let fails = plan.faults(of: service, at: now).contains(.listenersFailing)
        if !fails { openListeners.insert(service) }
        let failure = SpawnFailure(stage: "listener", errno: 98, message: "bind: Address already in use")
        let delay = random.chance(percent: 20) ? random.milliseconds(0...5_000) : random.microseconds(0...2_000)
        schedule(.listenersAnswer(service: service, fails ? failure : nil), after: delay)
    }

    private mutating func conceive(_ id: InstanceID, _ replica: ReplicaID, _ revision: ServiceRevision) {
        guard let service = universe.indices[replica.service] else { return }
        let isSlow = plan.faults(of: service, at: now).contains(.spawningSlowly)
        processes[id] = Process(id, replica, service: service, revision)
        schedule(.birth(id), after: isSlow ? random.milliseconds(0...8_000) : random.microseconds(0...3_000))
    }

    private mutating func start(_ run: ProbeRun, of id: InstanceID) {
        guard let process = processes[id], let spec = process.spec.probes[run.role] else { return }
        let faults = process.faults.union(plan.faults(of: process.service, at: now))
        let saysNothing = spec.isToldOnce && flaw(of: process) == .staysUnready
        if saysNothing || faults.contains(.hanging) || faults.contains(.probesSilent) && random.chance(percent: 70) {
            // A line of the output is written, or it is not; there is no other answer.
            if spec.isToldOnce {
                processes[id]?.unansweredRuns.append(run)
                return
            }
            // It may still answer, long after its time.
            guard faults.contains(.answersLate) else { return }
            let delay = spec.timeout + random.milliseconds(0...3_000)
            return schedule(.probeAnswer(id, run, random.chance(percent: 50) ? .passed : .failed("late")), after: delay)
        }
        let isFlawed = flaw(of: process) == .staysUnready && run.role != .liveness
        var fails = faults.contains(.probesFailing) || isFlawed
        if faults.contains(.probesFlapping), !isFlawed { fails = random.chance(percent: 50) }
        if case .running = process.main {} else { fails = true }
        if spec.isToldOnce { fails = false }
        let limit = faults.contains(.answersLate) ? spec.timeout * 2 : min(spec.timeout, .milliseconds(50))
        let delay = random.microseconds(0...Int(limit.wholeNanoseconds / 1_000) - 1)
        schedule(.probeAnswer(id, run, fails ? .failed("connection refused") : .passed), after: delay)
    }
}

extension ProbeSet {
    subscript(role: ProbeRole) -> ProbeSpec? {
        switch role {
        case .startup: startup
        case .readiness: readiness
        case .liveness: liveness
        }
    }
}
