import ControlProtocol

/// Progress where there is no terminal: a line for each change of a replica's state, and of a rollout.
struct ProgressLog: Sendable {
    fileprivate struct Seen: Hashable {
        var replica: Int
        /// Tells which is which while a replica is replaced by another of its name.
        var instance: UInt64?
        var state: ReplicaDocument.State
        var ready: Bool
        var reason: String
    }

    /// By service, as the last snapshot had them.
    private var replicas: [String: Set<Seen>] = [:]
    private var rollouts: [String: RolloutDocument] = [:]
    /// The services that a connection would start.
    private var onDemand: Set<String> = []
    /// The numbers of the newest revisions whose rollouts were over.
    private var settled: [String: Int] = [:]

    /// The lines for what changed since the last snapshot: `backend/0 waiting: waits for db (service_healthy)`.
    mutating func changes(
        in services: [ServiceDocument], selection: Set<String>? = nil, now: Timestamp = .now()
    ) -> [String] {
        let aims = ServiceProgress.aims(of: services)
        return services.filter { selection?.contains($0.name) ?? true }.flatMap { service in
            let replicas =
                replicaChanges(in: service, aim: aims[service.name] ?? .readiness) + demandChanges(in: service)
            let rollout = rolloutChanges(in: service, now: now)
            // What a rollout is at explains what its replicas do; its end comes after theirs.
            return service.rollout == nil ? replicas + rollout : rollout + replicas
        }
    }

    private mutating func replicaChanges(in service: ServiceDocument, aim: Aim) -> [String] {
        let rows = service.rows
        let seen = rows.map { Seen($0.replica) }
        let before = replicas.updateValue(Set(seen), forKey: service.name) ?? []
        return zip(rows, seen).filter { row, now in
            // Nothing has happened to what nobody has started.
            let isIdle =
                service.desired == .stopped && row.replica.state == .stopped
                && !before.contains { $0.replica == now.replica }
            return !before.contains(now) && !isIdle
        }.map { row, _ in row.line(for: aim) }
    }

    /// That it is down to none, where it was not before.
    private mutating func demandChanges(in service: ServiceDocument) -> [String] {
        guard service.scaling.awaitsConnection, service.desired == .running else {
            onDemand.remove(service.name)
            return []
        }
        guard onDemand.insert(service.name).inserted else { return [] }
        return [service.scaling.line(of: service.name, scale: service.scale)]
    }

    /// What a rollout is at now, what was measured for it since, and how it ended.
    private mutating func rolloutChanges(in service: ServiceDocument, now: Timestamp) -> [String] {
        let before = rollouts[service.name]
        rollouts[service.name] = service.rollout
        guard let rollout = service.rollout else {
            // One that was quick may have come and gone between two snapshots.
            guard let last = service.history.first, last.outcome != .underWay,
                let known = settled.updateValue(last.number, forKey: service.name) ?? before.map({ $0.number - 1 }),
                known < last.number, let ending = service.ending(after: known)
            else { return [] }
            return ["\(service.name): \(ending)"]
        }
        let isSame = before?.number == rollout.number
        let measured = isSame ? before?.measurements.last?.time : nil
        let new = rollout.measurements.filter { measurement in measured.map { measurement.time > $0 } ?? true }
        let lines = new.map { "\(service.name): \($0.line)" }
        let hasMoved = !isSame || before.map { $0.stage != rollout.stage } ?? true
        return hasMoved ? lines + [rollout.summary(of: service, now: now)] : lines
    }
}

extension ProgressLog.Seen {
    fileprivate init(_ replica: ReplicaDocument) {
        self.init(
            replica: replica.replica, instance: replica.instance, state: replica.state, ready: replica.ready,
            reason: replica.reason)
    }
}

extension RolloutDocument {
    /// Whatever of it is worth a line when it changes.
    fileprivate struct Stage: Hashable {
        var phase: Phase
        var step: Int
        var updated: Int
        var failures: Int
    }

    fileprivate var stage: Stage { Stage(phase: phase, step: step, updated: updated, failures: failures) }
}
