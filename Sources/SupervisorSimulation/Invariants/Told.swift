import StackModel
import SupervisorCore

/// The stack as an observer knows it who sees every event that the core is told and every effect that it asks for, and
/// nothing of the core itself.
struct Told {
    struct Service {
        let name: ServiceName
        /// Shared, for it is large and a service is often copied.
        var revision: ServiceRevision
        /// It is in the stack file.
        var isListed: Bool
        /// How many replicas somebody asked for.
        var scale: Int?
        var dependencies: [(service: Int, condition: DependencySpec.Condition)] = []
        /// Those that depend on it in any of the world's stack files.
        var dependents: [Int] = []
        /// As many as it may ever have.
        let replicas: Range<Int>
        var runs = ToldRuns()
        /// Somebody wants it to run.
        var isDesired = true
        /// It was told to stop or to restart, and has not come to the end of that.
        var isGoingDown = false
        /// It comes up again when it is down.
        var isRestarting = false
        var listeners = Listeners.closed
        /// Those that are to be bound.
        var boundListeners: [ListenerSpec] = []
        /// Orders to bind that are not answered.
        var unansweredOpenings = 0

        var spec: ServiceSpec { revision.spec }
        var isScheduled: Bool { spec.schedule != nil }
        var wanted: Int { scale ?? spec.replicas }
        var wantedReplicas: Range<Int> { replicas.lowerBound..<min(replicas.lowerBound + wanted, replicas.upperBound) }

        /// Its listeners are those of its spec, and bound.
        var hasListeners: Bool {
            boundListeners == spec.listeners && (spec.listeners.isEmpty || listeners == .open)
        }

        mutating func hasComeDown() {
            isGoingDown = false
            isRestarting = false
        }

        enum Listeners {
            case closed, opening, open, failed
        }
    }

    struct Replica {
        let id: ReplicaID
        let service: Int
        /// Its instance, from the order to make it to its release.
        var instance: ToldInstance?
        /// Its last instance ended well, and that was its aim.
        var hasCompleted = false
        var afresh = Afresh.no
        var restarts = RestartLedger()
        var last = Last()
    }

    /// Whether a start was asked for while the instance was ending, so that what follows it begins afresh.
    enum Afresh {
        case no
        /// What was named needs its service, and that begins anew if one of its replicas had failed.
        case maybe
        case yes
    }

    /// What is to be known of the instance before.
    struct Last {
        var wasReady = false
        /// It could not be made, for a reason that is the host's.
        var isHostsFault = false
    }

    private(set) var now = Instant.origin
    /// The core has been told that time had passed up to here: what was due by then is done.
    private(set) var servedUntil = Instant.origin
    var services: [Service] = []
    var replicas: [Replica] = []
    var isShuttingDown = false
    /// Without hooks, drains and grace, and in no order.
    var isImmediate = false
    /// Signals that somebody has just asked for, and that are still to be sent.
    var expectedSignals: [InstanceID: Signal] = [:]
    private let indices: [ServiceName: Int]
    private var replicaByInstance: [InstanceID: Int] = [:]

    /// The services of all the world's stack files have a place; those of the first are there.
    init(_ universe: Universe, _ beginning: Beginning) {
        indices = universe.indices
        for (index, spec) in universe.services.enumerated() {
            let first = replicas.count
            for slot in 0..<universe.replicaLimit(of: spec.name) {
                replicas.append(Replica(id: ReplicaID(service: spec.name, index: slot), service: index))
            }
            services.append(
                Service(
                    name: spec.name, revision: ServiceRevision(spec), isListed: universe.isInFirst(spec.name),
                    scale: beginning.restored.scales[spec.name], replicas: first..<replicas.count))
        }
        for spec in universe.stacks.flatMap(\.services) {
            guard let index = index(of: spec.name) else { continue }
            for dependency in spec.dependencies {
                guard let target = self.index(of: dependency.service), !services[target].dependents.contains(index)
                else { continue }
                services[target].dependents.append(index)
            }
        }
        linkDependencies()
        let isNeeded = closure(of: indices(orAll: beginning.names))
        for index in services.indices {
            let (spec, name) = (services[index].spec, services[index].name)
            let staysStopped = spec.restart.mode == .unlessStopped && beginning.restored.desired[name] == .stopped
            services[index].isDesired = isNeeded[index] && !staysStopped
        }
    }

    mutating func linkDependencies() {
        for index in services.indices {
            services[index].dependencies = services[index].spec.dependencies.compactMap { dependency in
                self.index(of: dependency.service).map { ($0, dependency.condition) }
            }
        }
    }

    mutating func pass(to time: Instant) {
        now = max(now, time)
    }

    mutating func serveDeadlines() {
        servedUntil = now
    }

    // MARK: Tables

    func index(of name: ServiceName) -> Int? { indices[name] }

    func indices(orAll names: [ServiceName]) -> [Int] {
        let named = names.isEmpty ? Array(services.indices) : names.compactMap { index(of: $0) }
        return named.filter { services[$0].isListed }
    }

    /// For each service, whether it is one of these or needed by one of them, directly or not.
    func closure(of roots: [Int]) -> [Bool] {
        var open = roots
        var isIncluded = services.map { _ in false }
        while let index = open.popLast() {
            guard !isIncluded[index] else { continue }
            isIncluded[index] = true
            open.append(contentsOf: services[index].dependencies.map(\.service))
        }
        return isIncluded
    }

    /// The position of a replica, where there is such a one.
    func position(of replica: ReplicaID) -> Int? {
        guard let service = indices[replica.service] else { return nil }
        let range = services[service].replicas
        return replica.index >= 0 && replica.index < range.count ? range.lowerBound + replica.index : nil
    }

    func position(of instance: InstanceID) -> Int? { replicaByInstance[instance] }

    mutating func add(_ instance: ToldInstance) {
        replicaByInstance[instance.id] = instance.replica
        replicas[instance.replica].instance = instance
        replicas[instance.replica].hasCompleted = false
    }

    /// Its instance is released; a service that was to go down and has nothing left is down.
    mutating func removeInstance(ofReplica position: Int) {
        guard let instance = replicas[position].instance else { return }
        replicaByInstance[instance.id] = nil
        replicas[position].instance = nil
        replicas[position].last = Last(
            wasReady: instance.wasReady, isHostsFault: instance.hasFailedForLackOfRoom)
        let service = replicas[position].service
        replicas[position].hasCompleted =
            !services[service].isGoingDown && !services[service].runs.isReplacing && instance.hasReachedItsAim
        if services[service].isGoingDown { replicas[position].restarts.forgive() }
        beginAfresh(position)
        if services[service].isDesired && !hasInstance(service) { services[service].hasComeDown() }
        forgetSurplus(of: service)
    }

    /// Of a replica that is not wanted nothing is remembered once its instance is gone.
    mutating func forgetSurplus(of service: Int) {
        for position in services[service].replicas.dropFirst(services[service].wanted)
        where replicas[position].instance == nil {
            replicas[position] = Replica(id: replicas[position].id, service: service)
        }
    }

    /// It is of a replica that should not be, or of a run that is to make room for another.
    func isUnwanted(_ position: Int) -> Bool {
        let service = replicas[position].service
        return !services[service].wantedReplicas.contains(position) || services[service].runs.isReplacing
    }

    private mutating func beginAfresh(_ position: Int) {
        switch replicas[position].afresh {
        case .no: break
        case .maybe: replicas[position].restarts.mayForgive()
        case .yes:
            replicas[position].restarts.forgive()
            replicas[position].hasCompleted = false
        }
        replicas[position].afresh = .no
    }

    func hasInstance(_ service: Int) -> Bool {
        services[service].replicas.contains { replicas[$0].instance != nil }
    }

    // MARK: Conditions

    /// Level-triggered. A service that goes down satisfies none.
    func holds(_ dependency: (service: Int, condition: DependencySpec.Condition)) -> Bool {
        let service = services[dependency.service]
        if !service.isListed || service.isGoingDown || !service.isDesired { return false }
        switch dependency.condition {
        case .started:
            return service.replicas.contains { replicas[$0].hasCompleted || replicas[$0].instance?.isRunning == true }
        case .healthy:
            return service.replicas.contains { replicas[$0].instance?.isReady == true }
        case .completedSuccessfully:
            if service.isScheduled { return service.runs.hasSucceeded }
            return service.wantedReplicas.allSatisfy { replicas[$0].hasCompleted }
        }
    }

    func unmetDependency(of service: Int) -> (service: Int, condition: DependencySpec.Condition)? {
        services[service].dependencies.first { !holds($0) }
    }

    /// A dependency that the service needs for as long as it runs does not hold.
    func isDependencyDown(of service: Int) -> Bool {
        services[service].dependencies.contains { $0.condition != .completedSuccessfully && !holds($0) }
    }

    /// What the service waits for can never be, unless somebody intervenes.
    func isBlocked(_ service: Int) -> Bool {
        guard services[service].isDesired, !services[service].isGoingDown, !services[service].isScheduled else {
            return false
        }
        return services[service].dependencies.contains { !holds($0) && canNeverHold($0) }
    }

    /// The graph has no cycle, so this comes to an end.
    private func canNeverHold(_ dependency: (service: Int, condition: DependencySpec.Condition)) -> Bool {
        let service = services[dependency.service]
        guard service.isDesired, !service.isGoingDown, !service.isScheduled, service.wanted > 0 else { return false }
        let isBlocked = isBlocked(dependency.service)
        return switch dependency.condition {
        case .started: service.wantedReplicas.allSatisfy { hasFailed($0, isBlocked: isBlocked) }
        case .healthy:
            service.wantedReplicas.allSatisfy { replicas[$0].hasCompleted || hasFailed($0, isBlocked: isBlocked) }
        case .completedSuccessfully: service.wantedReplicas.contains { hasFailed($0, isBlocked: isBlocked) }
        }
    }

    /// What the service waits for does not come unless somebody, or a schedule, does something.
    private func waitsInVain(_ service: Int) -> Bool {
        isBlocked(service)
            || services[service].dependencies.contains { dependency in
                !holds(dependency)
                    && (services[dependency.service].isScheduled || services[dependency.service].wanted == 0
                        || !services[dependency.service].isDesired || waitsInVain(dependency.service))
            }
    }

    /// It has no instance, and there will be none by itself. `isBlocked`: that is so of its service.
    func hasFailed(_ position: Int, isBlocked: Bool) -> Bool {
        let replica = replicas[position]
        guard replica.instance == nil, !replica.hasCompleted else { return false }
        return replica.restarts.isGivenUp || isBlocked && replica.restarts.dueAt.map { $0 < servedUntil } ?? true
    }

    /// Every service that is wanted is ready or has completed, and nothing else runs.
    var isAsDesired: Bool { isSettled(acceptingBlocked: false) }

    /// As above, but for what waits for something that can never be, such as the readiness of what has completed.
    var isAsDesiredWherePossible: Bool { isSettled(acceptingBlocked: true) }

    private func isSettled(acceptingBlocked: Bool) -> Bool {
        services.indices.allSatisfy { index in
            let service = services[index]
            guard service.isDesired else { return !hasInstance(index) }
            if acceptingBlocked {
                let surplus = service.replicas.dropFirst(service.wanted)
                guard !service.isGoingDown, surplus.allSatisfy({ replicas[$0].instance == nil }) else { return false }
            }
            return service.isScheduled
                || service.wantedReplicas.allSatisfy { position in
                    let replica = replicas[position]
                    return replica.hasCompleted || !service.isGoingDown && replica.instance?.isReady == true
                        || acceptingBlocked && replica.instance == nil && waitsInVain(index)
                }
        }
    }

    /// What is not as it is wanted, for people.
    var shortcomings: String {
        services.flatMap { service in
            service.replicas.compactMap { position -> String? in
                let replica = replicas[position]
                guard let instance = replica.instance else {
                    return service.isDesired && service.wantedReplicas.contains(position) && !replica.hasCompleted
                        ? "\(replica.id) has no instance" : nil
                }
                return instance.isReady && service.isDesired
                    ? nil : "\(replica.id) has \(instance.id), \(instance.process)"
            }
        }.joined(separator: ", ")
    }
}
