import StackModel
import SupervisorCore

/// The stack as an observer knows it who sees every event that the core is told and every effect that it asks for, and
/// nothing of the core itself.
struct Told {
    private(set) var now = Instant.origin
    /// The core has been told that time had passed up to here: what was due by then is done.
    private(set) var servedUntil = Instant.origin
    var services: [Service] = []
    /// How each is scaled by its load.
    var scaling: [ToldScaling] = []
    /// Of each service its slots, then the places beside them.
    var replicas: [Replica] = []
    /// Instances that others have replaced, or that are to replace nothing any more: nothing follows them.
    var leaving: [ToldInstance] = []
    /// Services that were replaced in this step.
    var replaced: Set<ServiceName> = []
    /// Rows beside slots that since this step are of what does not count any more, and not ready: they are to end.
    var forNothing: Set<Int> = []
    /// The row whose instance was released last: what is said of a replica then is said of that.
    var lastReleased: Int?
    var isShuttingDown = false
    /// Without hooks, drains and grace, and in no order.
    var isImmediate = false
    /// Signals that somebody has just asked for, and that are still to be sent.
    var expectedSignals: [InstanceID: Signal] = [:]
    /// Revisions that are bad stay so.
    let hasLastingFlaws: Bool
    private let indices: [ServiceName: Int]
    private var rowByInstance: [InstanceID: Int] = [:]

    /// The services of all the world's stack files have a place; those of the first are there.
    init(_ universe: Universe, _ beginning: Beginning) {
        indices = universe.indices
        hasLastingFlaws = universe.hasLastingFlaws
        for (index, spec) in universe.services.enumerated() {
            let first = replicas.count
            let limit = universe.replicaLimit(of: spec.name)
            for slot in 0..<limit * 2 {
                replicas.append(Replica(id: ReplicaID(service: spec.name, index: slot % limit), service: index))
            }
            services.append(
                Service(
                    name: spec.name, revision: ServiceRevision(spec), isListed: universe.isInFirst(spec.name),
                    scale: beginning.restored.scales[spec.name], replicas: first..<first + limit))
        }
        for spec in universe.stacks.flatMap(\.services) {
            guard let index = index(of: spec.name) else { continue }
            for dependency in spec.dependencies {
                guard let target = self.index(of: dependency.service), !services[target].dependents.contains(index)
                else { continue }
                services[target].dependents.append(index)
            }
        }
        scaling = services.map { _ in ToldScaling() }
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
        let named = Set(names)
        return services.indices.filter { services[$0].isListed && (names.isEmpty || named.contains(services[$0].name)) }
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

    /// The position of a replica's slot, where there is such a one.
    func position(of replica: ReplicaID) -> Int? {
        guard let service = indices[replica.service] else { return nil }
        let range = services[service].replicas
        return replica.index >= 0 && replica.index < range.count ? range.lowerBound + replica.index : nil
    }

    /// The row that has the instance; nil where it leaves, or is gone.
    func row(of id: InstanceID) -> Int? { rowByInstance[id] }

    /// The row that an instance of the revision has its place in; nil where there is none.
    mutating func row(for revision: ServiceRevision, _ slot: Int) -> Int? {
        let service = replicas[slot].service
        let place = services[service].place(beside: slot)
        let isOfTarget = isOfTarget(revision, service)
        let standsBeside = isOfTarget && replicas[place].revision != nil
        if replicas[slot].instance == nil {
            if standsBeside { return replicas[place].instance == nil ? place : nil }
            return slot
        }
        if replicas[place].instance == nil, isOfTarget, !self.isOfTarget(replicas[slot].revision, service) {
            return place
        }
        // It stood beside the slot still, and was ended there.
        guard !standsBeside, replicas[slot].cameUntold, replicas[slot].instance?.isEnding == true else { return nil }
        dismiss(slot)
        return slot
    }

    func instance(_ id: InstanceID) -> ToldInstance? {
        if let row = rowByInstance[id] { return replicas[row].instance }
        return leaving.first { $0.id == id }
    }

    mutating func add(_ instance: ToldInstance) {
        rowByInstance[instance.id] = instance.replica
        replicas[instance.replica].instance = instance
        replicas[instance.replica].revision = instance.revision
        replicas[instance.replica].hasCompleted = false
    }

    /// Changes an instance, and concludes what follows for its readiness.
    mutating func change(_ id: InstanceID, _ change: (inout ToldInstance, Instant) -> Void) {
        guard let row = rowByInstance[id] else {
            guard let place = leaving.firstIndex(where: { $0.id == id }) else { return }
            change(&leaving[place], now)
            return leaving[place].conclude(at: now)
        }
        guard var instance = replicas[row].instance else { return }
        // Taken out while it changes, so that it is not copied.
        replicas[row].instance = nil
        let before = instance.readySince
        change(&instance, now)
        instance.conclude(at: now)
        if let before, !instance.isReady {
            replicas[row].restarts.wasReady(
                for: before.duration(to: now), served: before.duration(to: servedUntil))
        }
        replicas[row].instance = instance
    }

    /// It is released; a service that was to go down and has nothing left is down.
    mutating func remove(_ id: InstanceID) {
        lastReleased = rowByInstance[id]
        guard let row = rowByInstance[id], let instance = replicas[row].instance else {
            let service = leaving.first { $0.id == id }?.service
            leaving.removeAll { $0.id == id }
            return service.map { noteDescent(of: $0) } ?? ()
        }
        rowByInstance[id] = nil
        replicas[row].instance = nil
        replicas[row].last = Last(
            wasReady: instance.wasReady, isHostsFault: instance.hasFailedForLackOfRoom, restart: instance.spec.restart)
        let service = replicas[row].service
        replicas[row].hasCompleted =
            !services[service].isGoingDown && !services[service].runs.isReplacing && instance.hasReachedItsAim
        if services[service].isGoingDown {
            replicas[row].restarts.forgive()
            replicas[row].revision = nil
        }
        beginAfresh(row)
        // What was to replace something, and is not what counts any more, is not followed by anything.
        if !services[service].replicas.contains(row), !isOfTarget(replicas[row].revision, service) { dismiss(row) }
        noteDescent(of: service)
        forgetSurplus(of: service)
    }

    private mutating func noteDescent(of service: Int) {
        guard services[service].isDesired, !hasInstance(service) else { return }
        services[service].hasComeDown()
    }

    /// What stands beside a slot takes its place, and what was there goes.
    mutating func swap(_ slot: Int) {
        let place = services[replicas[slot].service].place(beside: slot)
        dismiss(slot)
        replicas[slot] = replicas[place]
        replicas[slot].instance?.replica = slot
        replicas[place] = Replica(id: replicas[slot].id, service: replicas[slot].service)
        if let instance = replicas[slot].instance { rowByInstance[instance.id] = slot }
    }

    /// Nothing of the service is left, and nothing of it is remembered.
    mutating func forget(_ index: Int) {
        for row in services[index].rows where replicas[row].instance == nil { dismiss(row) }
    }

    /// Nothing follows the row's instance.
    mutating func dismiss(_ row: Int) {
        if let instance = replicas[row].instance {
            rowByInstance[instance.id] = nil
            leaving.append(instance)
        }
        replicas[row] = Replica(id: replicas[row].id, service: replicas[row].service)
    }

    /// Of a replica that is not wanted nothing is remembered once its instance is gone.
    mutating func forgetSurplus(of service: Int) {
        for position in services[service].surplus {
            for row in [position, services[service].place(beside: position)] where replicas[row].instance == nil {
                replicas[row] = Replica(id: replicas[row].id, service: service)
            }
        }
    }

    /// It is of a replica that should not be, or of a run that is to make room for another.
    func isUnwanted(_ position: Int) -> Bool {
        let service = replicas[position].service
        let slot = services[service].slot(of: position)
        return !services[service].wantedReplicas.contains(slot) || services[service].runs.isReplacing
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
        services[service].rows.contains { replicas[$0].instance != nil } || leaving.contains { $0.service == service }
    }

    /// All of the service's, those that end included.
    func instances(of service: Int) -> [ToldInstance] {
        services[service].rows.compactMap { replicas[$0].instance } + leaving.filter { $0.service == service }
    }

    // MARK: Conditions

    /// Level-triggered. A service that goes down satisfies none.
    func holds(_ dependency: (service: Int, condition: DependencySpec.Condition)) -> Bool {
        let service = services[dependency.service]
        if !service.isListed || service.isGoingDown || !service.isDesired { return false }
        if dependency.condition != .completedSuccessfully, comesOnDemand(dependency.service) { return true }
        switch dependency.condition {
        case .started:
            return service.rows.contains { replicas[$0].hasCompleted || replicas[$0].instance?.isRunning == true }
        case .healthy:
            return service.rows.contains { replicas[$0].instance?.isReady == true }
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
                    && (services[dependency.service].isScheduled
                        || services[dependency.service].wanted == 0 && !services[dependency.service].isOnDemand
                        || isHopeless(dependency.service)
                        || !services[dependency.service].isDesired || waitsInVain(dependency.service))
            }
    }

    /// It has no instance, and there will be none by itself. `isBlocked`: that is so of its service.
    func hasFailed(_ position: Int, isBlocked: Bool) -> Bool {
        let replica = replicas[position]
        guard replica.instance == nil, !replica.hasCompleted else { return false }
        return replica.restarts.isGivenUp || isBlocked && replica.restarts.dueAt.map { $0 < servedUntil } ?? true
    }

    /// Nothing of it is to be replaced any more.
    private func isReplaced(_ index: Int) -> Bool {
        services[index].rollouts.current == nil && isOfOneRevision(index)
    }

    /// It would be replaced, and what that waits for does not come.
    func isStuck(_ index: Int) -> Bool {
        services[index].rollouts.current != nil
            && (waitsInVain(index) || services[index].dependencies.contains { isStuck($0.service) })
    }

    /// Every service that is wanted is ready or has completed, and nothing else runs.
    var isAsDesired: Bool { isSettled(acceptingBlocked: false) }

    /// What the service is, or what it depends on, is bad and stays so.
    func isHopeless(_ index: Int) -> Bool {
        guard hasLastingFlaws else { return false }
        let service = services[index]
        let isHopeless = service.spec.flaw != nil && (!willGoBack(index) || isStuck(index))
        return isHopeless || service.dependencies.contains { self.isHopeless($0.service) }
    }

    /// As above, but for what waits for something that can never be, such as the readiness of what has completed.
    var isAsDesiredWherePossible: Bool { isSettled(acceptingBlocked: true) }

    private func isSettled(acceptingBlocked: Bool) -> Bool {
        services.indices.allSatisfy { index in
            let service = services[index]
            guard service.isDesired else {
                let isHeld = outlivesReplacement(index) && service.dependents.contains { isStuck($0) }
                return !hasInstance(index) || acceptingBlocked && isHeld
            }
            if acceptingBlocked {
                if isHopeless(index) { return true }
                guard service.isScheduled || isStuck(index) || isReplaced(index) else { return false }
                guard !service.isGoingDown, service.surplus.allSatisfy({ replicas[$0].instance == nil }) else {
                    return false
                }
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
        let rollouts = services.indices.compactMap { index -> String? in
            let service = services[index]
            if let current = service.rollouts.current { return "\(service.name) is on its way to \(current.number)" }
            return !service.isDesired || isOfOneRevision(index) ? nil : "\(service.name) is of several revisions"
        }
        let replicas = services.flatMap { service in
            service.replicas.compactMap { position -> String? in
                let replica = self.replicas[position]
                guard let instance = replica.instance else {
                    return service.isDesired && service.wantedReplicas.contains(position) && !replica.hasCompleted
                        ? "\(replica.id) has no instance" : nil
                }
                return instance.isReady && service.isDesired
                    ? nil : "\(replica.id) has \(instance.id), \(instance.process)"
            }
        }
        return (rollouts + replicas).joined(separator: ", ")
    }
}
