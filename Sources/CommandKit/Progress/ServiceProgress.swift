import ControlProtocol
import StackModel

/// What a command waits for.
enum ProgressGoal: Hashable, Sendable {
    /// Every replica is ready or has completed; where others wait for it to complete, it has.
    case running
    /// As `running`, with other instances than these (serial numbers by replica name).
    case replaced([String: UInt64])
    /// Nothing runs.
    case stopped
}

/// How far a service is on its way to a goal, told by the replica that is furthest from it.
struct ServiceProgress: Hashable, Sendable {
    enum Standing: Hashable, Sendable {
        /// It cannot go on yet: something else must happen first.
        case held
        case moving
        case reached
        /// It will not get there unasked.
        case failed
    }

    var service: String
    var standing: Standing
    /// `waiting`, `ready`, `2/3 ready`, …
    var word: String
    /// Why, where that is worth saying.
    var detail: String
    /// When the telling replica came into its state.
    var since: Timestamp

    /// - Parameters:
    ///   - isJob: others wait for it to complete, so that being up is not its aim.
    ///   - dependents: the services that need this one, and so must stop before it.
    init?(_ service: ServiceDocument, goal: ProgressGoal, isJob: Bool = false, dependents: [String] = []) {
        let standings = service.replicas.map { Self.standing(of: $0, goal: goal, isJob: isJob) }
        guard let index = standings.indices.max(by: { Self.urgency(standings[$0]) < Self.urgency(standings[$1]) })
        else {
            return nil
        }
        let replica = service.replicas[index]
        self.service = service.name
        standing = standings[index]
        word = isJob && replica.state == .running ? replica.state.rawValue : replica.word
        detail = standing == .reached ? "" : replica.remark
        since = replica.since
        switch goal {
        case .running, .replaced:
            let reached = standings.count { $0 == .reached }
            if (1..<standings.count).contains(reached) { word = "\(reached)/\(standings.count) ready" }
        case .stopped:
            guard standing == .moving, replica.state != .stopping, !dependents.isEmpty else { return }
            standing = .held
            detail = "waits for \(dependents.joined(separator: ", "))"
        }
    }

    private static func standing(of replica: ReplicaDocument, goal: ProgressGoal, isJob: Bool) -> Standing {
        switch goal {
        case .stopped:
            return replica.hasEnded ? .reached : .moving
        case .running:
            return standingOnTheWayUp(replica, isJob: isJob)
        case .replaced(let old):
            let isOld = replica.instance.map { old[replica.name] == $0 } ?? false
            return isOld ? .moving : standingOnTheWayUp(replica, isJob: isJob)
        }
    }

    private static func standingOnTheWayUp(_ replica: ReplicaDocument, isJob: Bool) -> Standing {
        switch replica.state {
        case .completed: .reached
        case .failed: .failed
        case .waiting: .held
        case .stopped, .backoff, .starting, .stopping: .moving
        case .running: replica.ready && !isJob ? .reached : .moving
        }
    }

    private static func urgency(_ standing: Standing) -> Int {
        switch standing {
        case .reached: 0
        case .held: 1
        case .moving: 2
        case .failed: 3
        }
    }
}

extension ServiceProgress {
    /// The progress of all services that the goal is for, in the order of the snapshot.
    ///
    /// - Parameter selection: nil means every service, on the way up every one that should run.
    static func all(
        of services: [ServiceDocument], goal: ProgressGoal, selection: Set<String>? = nil
    ) -> [ServiceProgress] {
        let dependencies = services.flatMap(\.dependencies)
        let jobs = dependencies.filter { $0.condition == DependencySpec.Condition.completedSuccessfully.rawValue }
        let jobNames = Set(jobs.map(\.service))
        return services.compactMap { service in
            if let selection, !selection.contains(service.name) { return nil }
            guard goal == .stopped || service.desired == .running else { return nil }
            let dependents = services.filter { other in
                other.dependencies.contains { $0.service == service.name } && !other.replicas.allSatisfy(\.hasEnded)
            }
            return ServiceProgress(
                service, goal: goal, isJob: jobNames.contains(service.name), dependents: dependents.map(\.name))
        }
    }

    /// `backend waiting: waits for db (service_healthy)`
    var line: String {
        detail.isEmpty ? "\(service) \(word)" : "\(service) \(word): \(detail)"
    }
}
