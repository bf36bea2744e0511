import StackModel
import SupervisorCore

/// The stack as an observer knows it who sees every event that the core is told and every effect that it asks for, and
/// nothing of the core itself.
struct Told {
    struct Service {
        let name: ServiceName
        let spec: ServiceSpec
        var dependencies: [(service: Int, condition: DependencySpec.Condition)] = []
        var dependents: [Int] = []
        var replicas: Range<Int>
        /// Somebody wants it to run.
        var isDesired = true
        /// It was told to stop or to restart, and has not come to the end of that.
        var isGoingDown = false
        /// It comes up again when it is down.
        var isRestarting = false
        var listeners: Listeners

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
        var restarts = RestartLedger()
        var last = Last()
    }

    /// What is to be known of the instance before.
    struct Last {
        var wasReady = false
        /// It could not be made, for a reason that is the host's.
        var isHostsFault = false
    }

    private(set) var now = Instant.origin
    var services: [Service] = []
    var replicas: [Replica] = []
    var isShuttingDown = false
    /// Without hooks, drains and grace, and in no order.
    var isImmediate = false
    private let indices: [ServiceName: Int]
    private var replicaByInstance: [InstanceID: Int] = [:]

    init(_ stack: StackSpec) {
        indices = Dictionary(uniqueKeysWithValues: stack.services.enumerated().map { ($1.name, $0) })
        for (index, spec) in stack.services.enumerated() {
            let first = replicas.count
            for slot in 0..<spec.replicas {
                replicas.append(Replica(id: ReplicaID(service: spec.name, index: slot), service: index))
            }
            services.append(
                Service(
                    name: spec.name, spec: spec, replicas: first..<replicas.count,
                    listeners: spec.listeners.isEmpty ? .open : .closed))
        }
        for index in services.indices {
            for dependency in services[index].spec.dependencies {
                guard let target = indices[dependency.service] else { continue }
                services[index].dependencies.append((target, dependency.condition))
                services[target].dependents.append(index)
            }
        }
    }

    mutating func pass(to time: Instant) {
        now = max(now, time)
    }

    // MARK: Tables

    func index(of name: ServiceName) -> Int? { indices[name] }

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
        replicas[position].hasCompleted = !services[service].isGoingDown && instance.hasReachedItsAim
        if services[service].isGoingDown { replicas[position].restarts.forgive() }
        if services[service].isDesired && !hasInstance(service) { services[service].hasComeDown() }
    }

    func hasInstance(_ service: Int) -> Bool {
        services[service].replicas.contains { replicas[$0].instance != nil }
    }

    // MARK: Conditions

    /// Level-triggered. A service that goes down satisfies none.
    func holds(_ dependency: (service: Int, condition: DependencySpec.Condition)) -> Bool {
        let service = services[dependency.service]
        if service.isGoingDown || !service.isDesired { return false }
        switch dependency.condition {
        case .started:
            return service.replicas.contains { replicas[$0].hasCompleted || replicas[$0].instance?.isRunning == true }
        case .healthy:
            return service.replicas.contains { replicas[$0].instance?.isReady == true }
        case .completedSuccessfully:
            return service.replicas.allSatisfy { replicas[$0].hasCompleted }
        }
    }

    func unmetDependency(of service: Int) -> (service: Int, condition: DependencySpec.Condition)? {
        services[service].dependencies.first { !holds($0) }
    }

    /// A dependency that the service needs for as long as it runs does not hold.
    func isDependencyDown(of service: Int) -> Bool {
        services[service].dependencies.contains { $0.condition != .completedSuccessfully && !holds($0) }
    }

    /// Every service that is wanted is ready or has completed, and nothing else runs.
    var isAsDesired: Bool {
        services.allSatisfy { service in
            guard !service.isGoingDown else { return !hasInstance(in: service) && !service.isDesired }
            return service.replicas.allSatisfy {
                replicas[$0].hasCompleted || replicas[$0].instance?.isReady == true
            }
        }
    }

    /// What is not as it is wanted, for people.
    var shortcomings: String {
        services.flatMap { service in
            service.replicas.compactMap { position -> String? in
                let replica = replicas[position]
                guard let instance = replica.instance else {
                    return service.isDesired && !replica.hasCompleted ? "\(replica.id) has no instance" : nil
                }
                return instance.isReady && service.isDesired
                    ? nil : "\(replica.id) has \(instance.id), \(instance.process)"
            }
        }.joined(separator: ", ")
    }

    private func hasInstance(in service: Service) -> Bool {
        service.replicas.contains { replicas[$0].instance != nil }
    }
}
