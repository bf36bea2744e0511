import ControlProtocol
import StackModel

/// What a service runs for.
enum Aim: Hashable, Sendable {
    /// To be there for others.
    case readiness
    /// To have done something, for which others wait.
    case completion
    /// To do something again and again.
    case schedule
}

/// How far a service is on its way to a goal, told by its rollout or by the replica that is furthest from it.
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
    /// When it came into this state.
    var since: Timestamp
    /// When the state ends by itself.
    var until: Timestamp?
}

extension ServiceProgress {
    /// Nil where it has no replica that could be on its way, and no connection starts one.
    ///
    /// - Parameters:
    ///   - aim: what its replicas run for.
    ///   - dependents: the services that need this one, and so must stop before it.
    init?(_ service: ServiceDocument, goal: ProgressGoal, aim: Aim = .readiness, dependents: [String] = []) {
        var goal = goal
        if let former = goal.former(of: service.name) {
            let verdict = service.verdict(after: former.revision)
            if let told = ServiceProgress(service, verdict) {
                self = told
                return
            }
            // What went back to what it was before has kept the instances that were still the right ones.
            if verdict == .done { goal = .running }
        }
        self.init(replicasOf: service, goal: goal, aim: aim, dependents: dependents)
    }

    private init(forestalled service: ServiceDocument) {
        self.init(
            service: service.name, standing: .failed, word: "stopped", detail: "was stopped meanwhile",
            since: service.replicas.map(\.since).max() ?? .now())
    }

    private init(onDemand service: ServiceDocument) {
        self.init(
            service: service.name, standing: .reached, word: "on demand", detail: "",
            // It has been so from the beginning, as far as anybody waits for it.
            since: Timestamp(milliseconds: 0))
    }

    private init?(replicasOf service: ServiceDocument, goal: ProgressGoal, aim: Aim, dependents: [String]) {
        let rows = service.rows
        let standings = rows.map { row in
            // What is more than there should be is to go, whatever becomes of the others.
            let isSurplus = !row.replica.wanted || row.role == .former
            return Self.standing(of: row.replica, goal: isSurplus ? .stopped : goal, aim: aim)
        }
        guard let index = standings.indices.max(by: { Self.urgency(standings[$0]) < Self.urgency(standings[$1]) })
        else {
            guard service.scaling.awaitsConnection, goal != .stopped else { return nil }
            self = ServiceProgress(onDemand: service)
            return
        }
        let replica = rows[index].replica
        self.service = service.name
        standing = standings[index]
        word = replica.word(for: aim)
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

    private static func standing(of replica: ReplicaDocument, goal: ProgressGoal, aim: Aim) -> Standing {
        switch goal {
        case .stopped:
            return replica.hasEnded ? .reached : .moving
        case .running:
            return standingOnTheWayUp(replica, aim: aim)
        case .replaced(let formers):
            let old = formers[replica.service]?.instances ?? []
            let isOld = replica.instance.map { old.contains($0) } ?? false
            return isOld ? .moving : standingOnTheWayUp(replica, aim: aim)
        }
    }

    private static func standingOnTheWayUp(_ replica: ReplicaDocument, aim: Aim) -> Standing {
        switch replica.state {
        case .completed, .scheduled: .reached
        case .failed: aim == .schedule ? .reached : .failed
        case .waiting: .held
        case .stopped, .backoff, .starting, .stopping: .moving
        case .running:
            switch aim {
            case .readiness: replica.ready ? .reached : .moving
            case .completion: .moving
            // Its runs come and go, and nobody waits for them.
            case .schedule: .reached
            }
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
        let aims = aims(of: services)
        return services.compactMap { service in
            if let selection, !selection.contains(service.name) { return nil }
            if goal.isForestalled(service) { return ServiceProgress(forestalled: service) }
            guard goal == .stopped || service.desired == .running else { return nil }
            let dependents = services.filter { other in
                other.dependencies.contains { $0.service == service.name } && !other.replicas.allSatisfy(\.hasEnded)
            }
            return ServiceProgress(
                service, goal: goal, aim: aims[service.name] ?? .readiness, dependents: dependents.map(\.name))
        }
    }

    /// Of services that have another aim than to be ready.
    static func aims(of services: [ServiceDocument]) -> [String: Aim] {
        let awaited = services.flatMap(\.dependencies).filter {
            $0.condition == DependencySpec.Condition.completedSuccessfully.rawValue
        }
        let completing = awaited.map { ($0.service, Aim.completion) }
        let scheduled = services.filter { $0.schedule != nil }.map { ($0.name, Aim.schedule) }
        return Dictionary(completing + scheduled) { first, _ in first }
    }

    /// `backend waiting: waits for db (service_healthy)`
    var line: String {
        detail.isEmpty ? "\(service) \(word)" : "\(service) \(word): \(detail)"
    }
}
