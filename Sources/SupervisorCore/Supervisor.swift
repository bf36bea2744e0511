public import StackModel

/// The whole stack as a pure machine: events go in with the time, effects come out.
///
/// It reads no clock, does no I/O, and draws random numbers from its own seeded generator only, so that the same events
/// at the same times always give the same effects.
public struct Supervisor: Sendable {
    /// By positions that stand for as long as anything of what they name is left, and then are given to others.
    var services: [Service] = []
    /// Likewise.
    var replicas: [Replica] = []
    /// The positions of the services that there are, those that leave included, in the order of their names.
    private(set) var order: [Int] = []
    /// How many services have instances that were made to depend on others than their specs say now.
    var servicesInTransition = 0
    var context: Context
    /// An operator or a signal has asked for the end of everything.
    public internal(set) var isShuttingDown = false
    private var stackHasStopped = false
    private var indexByName: [ServiceName: Int] = [:]
    private var vacantServices: [Int] = []
    private var vacantReplicas: [Int] = []
    /// Positions of replicas by their instances.
    private var replicaByInstance: [InstanceID: Int] = [:]
    private var nextInstance: UInt64
    /// The number of the next measurement.
    var nextMeasurement: UInt64 = 1
    private let restored: RestoredState
    /// Services whose surroundings have changed, each once, in the order of the changes.
    private var unsettled: [Int] = []
    private var isUnsettled: [Bool] = []

    /// What an earlier daemon has left to know.
    public struct RestoredState: Sendable {
        /// The serial number of the next instance, greater than any that was ever given out.
        public var nextInstance: UInt64
        /// What the operator wanted last, where he said it.
        public var desired: [ServiceName: DesiredState]
        /// How many replicas somebody or the autoscaler wanted, where that is still in force.
        public var scales: [ServiceName: Scale]

        public init(
            nextInstance: UInt64 = 1, desired: [ServiceName: DesiredState] = [:], scales: [ServiceName: Scale] = [:]
        ) {
            self.nextInstance = nextInstance
            self.desired = desired
            self.scales = scales
        }
    }

    /// The stack must be valid: its dependencies exist and have no cycle.
    public init(stack: StackSpec, restoring restored: RestoredState = RestoredState(), seed: UInt64) {
        context = Context(seed: seed)
        nextInstance = restored.nextInstance
        self.restored = restored
        for spec in stack.services {
            let index = admit(spec)
            // That of an autoscaler goes with it.
            services[index].scale = restored.scales[spec.name].flatMap { scale in
                scale.rule == .manual || services[index].revision.isAutoscaled ? scale : nil
            }
        }
        for index in order { linkDependencies(of: index) }
    }

    /// In their order; without those that are gone from the file and still stop.
    public var serviceNames: [ServiceName] { listedServices.map { services[$0].name } }

    /// The spec of it that counts now: after a rollback or an undo it is not what the file says.
    public func spec(of name: ServiceName) -> ServiceSpec? { listedIndex(of: name).map { services[$0].spec } }

    public func hasService(_ name: ServiceName) -> Bool { listedIndex(of: name) != nil }

    /// When it wants to be told that time has passed; nil is never.
    public var nextDeadline: Instant? { context.deadlines.next }

    /// Binds the listeners of all services and starts the named ones with what they depend on, or all where none is
    /// named, but for those that the operator had stopped and that are to stay so (`unless-stopped`).
    public mutating func start(_ names: [ServiceName] = [], at now: Instant, into effects: inout [Effect]) {
        context.begin(at: now, taking: &effects)
        let event = context.publish(.stackStarting(services: order.count), about: .stack, cause: nil).id
        for index in restored.scales.isEmpty ? [] : order
        where services[index].scale == nil && restored.scales[services[index].name] != nil {
            context.perform(.record(.scaled(services[index].name, nil)))
        }
        for index in order {
            fitReplicas(of: index)
            if services[index].listeners == .closed { openListeners(of: index) }
        }
        for index in dependencyClosure(of: names.isEmpty ? order : indices(of: names)) where !staysStopped(index) {
            ascend(index, again: false, run: runOfStart(index), causedBy: event)
        }
        settle()
        context.end(returning: &effects)
    }

    private func staysStopped(_ index: Int) -> Bool {
        services[index].revision.spec.restart.mode == .unlessStopped
            && restored.desired[services[index].name] == .stopped
    }

    /// Takes one event. Events that come too late to matter change nothing.
    ///
    /// Deadlines are looked at on `timePassed` only: whoever was late in telling what has happened tells that first, so
    /// that a stalled runner does not make answers that are there into timeouts.
    public mutating func handle(_ event: Event, at now: Instant, into effects: inout [Effect]) {
        context.begin(at: now, taking: &effects)
        dispatch(event)
        settle()
        context.end(returning: &effects)
    }

    private mutating func dispatch(_ event: Event) {
        switch event {
        case .command(let command):
            obey(command)
        case .listenersOpened(let name):
            listenersOpened(name)
        case .listenersFailed(let name, let failure):
            listenersFailed(name, failure)
        case .spawned(let id, let pid):
            changeInstance(id) { $0.spawned(pid: pid, in: &$1) }
        case .spawnFailed(let id, let failure, let isTransient):
            changeInstance(id) { $0.spawnFailed(failure, isTransient: isTransient, in: &$1) }
        case .exited(let id, let status, let leftovers):
            changeInstance(id) { $0.exited(status, leftovers: leftovers, in: &$1) }
        case .emptied(let id):
            changeInstance(id) { $0.emptied(in: &$1) }
        case .probeFinished(let id, let run, let outcome):
            changeInstance(id) { $0.probeFinished(run, outcome, in: &$1) }
        case .preStopFinished(let id, let outcome):
            changeInstance(id) { $0.preStopFinished(outcome, in: &$1) }
        case .notified(let id, let notification):
            changeInstance(id) { $0.notified(notification, in: &$1) }
        case .leftRotation(let id):
            changeInstance(id) { $0.leftRotation(in: &$1) }
        case .measured(let name, let run, let values):
            measured(name, run: run, values)
        case .loadMeasured(let name, let run, let report):
            loadMeasured(name, run: run, report)
        case .connectionWaiting(let name):
            connectionWaiting(name)
        case .ranOutOfMemory(let id, let shortage):
            changeInstance(id) { $0.ranOutOfMemory(shortage, in: &$1) }
        case .observed(let subject, let observation):
            context.publish(.observed(observation), about: subject, cause: nil)
        case .scheduleDue(let name):
            scheduleDue(name)
        case .timePassed:
            handleDueDeadlines()
        }
    }

    private mutating func handleDueDeadlines() {
        while let slot = context.deadlines.popDue(at: context.now), let kind = DeadlineSlots.kind(of: slot) {
            let position = DeadlineSlots(containing: slot).position
            switch kind {
            case .startup: changeInstance(ofReplica: position) { $0.probeDeadlinePassed(.startup, in: &$1) }
            case .readiness: changeInstance(ofReplica: position) { $0.probeDeadlinePassed(.readiness, in: &$1) }
            case .liveness: changeInstance(ofReplica: position) { $0.probeDeadlinePassed(.liveness, in: &$1) }
            case .phase: changeInstance(ofReplica: position) { $0.phaseDeadlinePassed(in: &$1) }
            case .watchdog: changeInstance(ofReplica: position) { $0.watchdogExpired(in: &$1) }
            case .stable: replicas[position].stablePeriodPassed()
            case .backoff: changeReplica(position) { $0.backoffPassed(in: &$1) }
            case .listeners: retryListeners(of: position)
            case .rollout: unsettle(position)
            case .load: loadDue(position)
            }
        }
    }
}

// MARK: - Tables

extension Supervisor {
    func index(of name: ServiceName) -> Int? { indexByName[name] }

    /// The position of a service that is in the file.
    func listedIndex(of name: ServiceName) -> Int? {
        index(of: name).flatMap { services[$0].isListed ? $0 : nil }
    }

    /// The positions of those that are in the file, in the order of their names.
    var listedServices: [Int] { order.filter { services[$0].isListed } }

    /// Of the named ones that are in the file, each once, in the order of their names.
    func indices(of names: [ServiceName]) -> [Int] {
        let wanted = Set(names.compactMap { listedIndex(of: $0) })
        return order.filter { wanted.contains($0) }
    }

    func position(of replica: ReplicaID) -> Int? {
        index(of: replica.service).flatMap { service in
            services[service].replicas.first { replicas[$0].id == replica }
        }
    }

    /// The services and everything that they need, directly or not, in the order of their names.
    func dependencyClosure(of roots: [Int]) -> [Int] {
        var isIncluded = services.map { _ in false }
        var open = roots
        while let index = open.popLast() {
            guard !isIncluded[index] else { continue }
            isIncluded[index] = true
            open.append(contentsOf: services[index].dependencies.map(\.service))
            // What stands in front of it is part of it.
            if !services[index].spec.routes.isEmpty, let router = listedIndex(of: .router) { open.append(router) }
        }
        return order.filter { isIncluded[$0] }
    }

    /// Gives a new service a position.
    mutating func admit(_ spec: ServiceSpec) -> Int {
        let service = Service(revision: ServiceRevision(spec))
        let index = vacantServices.popLast() ?? services.count
        if index < services.count {
            services[index] = service
        } else {
            services.append(service)
            isUnsettled.append(false)
        }
        indexByName[spec.name] = index
        let previous = order.lastIndex { services[$0].name < spec.name }
        order.insert(index, at: previous.map { $0 + 1 } ?? 0)
        return index
    }

    /// Nothing of the service is left: its position is free.
    mutating func vacate(_ index: Int) {
        services[index].membership = .vacant
        indexByName[services[index].name] = nil
        let slots = DeadlineSlots(of: index)
        for kind in DeadlineSlots.Kind.allCases where kind.isOfService { context.deadlines[slots[kind]] = nil }
        order.removeAll { $0 == index }
        vacantServices.append(index)
    }

    /// Gives a new replica a position.
    mutating func admit(_ replica: ReplicaID, _ revision: ServiceRevision) -> Int {
        let position = vacantReplicas.popLast() ?? replicas.count
        let new = Replica(id: replica, revision: revision, slots: DeadlineSlots(of: position), at: context.now)
        if position < replicas.count { replicas[position] = new } else { replicas.append(new) }
        return position
    }

    /// The replica has no instance and is not wanted: its position is free, and no deadline can hit its successor.
    mutating func vacate(replica position: Int) {
        for kind in DeadlineSlots.Kind.allCases where !kind.isOfService {
            context.deadlines[replicas[position].slots[kind]] = nil
        }
        vacantReplicas.append(position)
    }

    private mutating func changeInstance(_ id: InstanceID, _ change: (inout InstanceMachine, inout Context) -> Void) {
        guard let position = replicaByInstance[id] else { return }
        changeInstance(ofReplica: position, change)
    }

    private mutating func changeInstance(
        ofReplica position: Int, _ change: (inout InstanceMachine, inout Context) -> Void
    ) {
        changeReplica(position) { $0.changeInstance(in: &$1, change) }
    }

    /// Changes a replica, and has everything looked at again that its change may concern.
    mutating func changeReplica(_ position: Int, _ change: (inout Replica, inout Context) -> Void) {
        let before = replicas[position].standing
        change(&replicas[position], &context)
        concludeInstance(ofReplica: position)
        if before != replicas[position].standing, let service = index(of: replicas[position].id.service) {
            unsettle(service)
        }
    }

    private mutating func concludeInstance(ofReplica position: Int) {
        guard let instance = replicas[position].instance, instance.end != nil,
            let service = index(of: replicas[position].id.service)
        else { return }
        replicaByInstance[instance.id] = nil
        context.deadlines[replicas[position].slots[.stable]] = nil
        let (isWanted, broken) = (isWanted(position, of: service), brokenDependency(of: service))
        if isWanted, broken == nil { noteFailure(of: instance, of: service) }
        replicas[position].concludeInstance(isWanted: isWanted, brokenDependency: broken, in: &context)
    }

    /// What would run of the replica is wanted to run.
    private func isWanted(_ position: Int, of index: Int) -> Bool {
        services[index].descent == nil && !services[index].runs.isReplacing
            && (wantedReplicas(of: index).contains(position)
                || services[index].incoming.contains(position) && isNeeded(position, of: index))
    }

    mutating func spawn(_ position: Int, of index: Int) {
        let id = InstanceID(serial: nextInstance)
        nextInstance += 1
        replicaByInstance[id] = position
        replicas[position].revision = revisionToSpawn(position, of: index)
        changeReplica(position) { $0.spawn(id, in: &$1) }
    }
}

// MARK: - Settling

extension Supervisor {
    /// Has the service looked at again, and those beside it in the graph.
    mutating func unsettle(_ index: Int) {
        mark(index)
        for dependent in services[index].dependents { mark(dependent) }
        for dependency in services[index].dependencies { mark(dependency.service) }
        for dependency in services[index].formerDependencies ?? [] { mark(dependency) }
    }

    private mutating func mark(_ index: Int) {
        guard !isUnsettled[index] else { return }
        isUnsettled[index] = true
        unsettled.append(index)
    }

    /// Looks at every service whose surroundings have changed, until nothing changes any more.
    private mutating func settle() {
        var position = 0
        while position < unsettled.count {
            let index = unsettled[position]
            position += 1
            isUnsettled[index] = false
            reconcile(index)
        }
        unsettled.removeAll(keepingCapacity: true)
        endIfStopped()
    }

    /// A shutdown is complete when no instance is left.
    private mutating func endIfStopped() {
        guard isShuttingDown, !stackHasStopped, replicas.allSatisfy({ !$0.hasInstance }) else { return }
        stackHasStopped = true
        for index in order { closeListeners(of: index) }
        context.publish(.stackStopped, about: .stack, cause: nil)
        context.perform(.stackStopped)
    }
}
