import ControlProtocol

/// Short ways to make the documents that a daemon would send.
extension ReplicaDocument {
    static func sample(
        _ service: String, _ index: Int = 0, _ state: State, ready: Bool = false, pid: Int32? = nil,
        instance: UInt64? = nil, restarts: Int = 0, revision: String = "r1", since: Int64 = 0, reason: String = "",
        status: String? = nil, exit: ExitDocument? = nil
    ) -> ReplicaDocument {
        ReplicaDocument(
            service: service, replica: index, state: state, ready: ready, pid: pid, instance: instance,
            restarts: restarts, revision: revision, since: Timestamp(milliseconds: since), reason: reason,
            status: status, lastExit: exit)
    }
}

extension ServiceDocument {
    static func sample(
        _ name: String, desired: Desired = .running, after dependencies: [String] = [],
        condition: String = "service_healthy", scale: Int? = nil, scaling: ScalingDocument = .init(rule: .file),
        schedule: ScheduleDocument? = nil, rollout: RolloutDocument? = nil, history: [RevisionDocument] = [],
        _ replicas: ReplicaDocument...
    ) -> ServiceDocument {
        let scale = scale ?? (replicas.map(\.replica).max() ?? -1) + 1
        let replicas = replicas.map { replica in
            var replica = replica
            replica.wanted = replica.replica < scale
            return replica
        }
        return ServiceDocument(
            name: name, desired: desired, ready: replicas.allSatisfy { $0.ready || $0.state == .completed },
            revision: "r1", dependencies: dependencies.map { Dependency(service: $0, condition: condition) },
            scale: scale, scaling: scaling, replicas: replicas, schedule: schedule, rollout: rollout,
            history: history)
    }
}

extension RevisionDocument {
    static func sample(
        _ number: Int, _ outcome: Outcome = .good, _ cause: Cause = .changed, revision: String? = nil,
        reason: String? = nil
    ) -> RevisionDocument {
        RevisionDocument(
            number: number, revision: revision ?? "r\(number)", cause: cause, detail: "because", since: .zero,
            ended: outcome == .underWay ? nil : Timestamp(milliseconds: 4_000), outcome: outcome, reason: reason)
    }
}

extension RolloutDocument {
    static func sample(
        _ number: Int, _ phase: Phase = .progressing, until: Int64? = nil, step: Int = 0, steps: Int = 0,
        wanted: Int = 2, updated: Int = 0, available: Int = 0, failures: Int = 0, rollback: Bool = false,
        reason: String = "goes on", measurements: [Measurement] = []
    ) -> RolloutDocument {
        RolloutDocument(
            number: number, revision: "r\(number)", cause: .changed, detail: "because", phase: phase, since: .zero,
            until: until.map { Timestamp(milliseconds: $0) }, step: step, steps: steps, wanted: wanted,
            updated: updated, available: available, failures: failures, rollback: rollback, reason: reason,
            measurements: measurements)
    }
}

extension Timestamp {
    static let zero = Timestamp(milliseconds: 0)
}
