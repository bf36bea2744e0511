import StackModel

@testable import SupervisorCore

extension ServiceSnapshot {
    static func example(
        _ name: ServiceName, rollout: RolloutSnapshot? = nil, history: [RevisionRecord] = []
    ) -> ServiceSnapshot {
        ServiceSnapshot(
            name: name, desired: .running, revision: Revision("cd"), dependencies: [], wantedReplicas: 4, replicas: [],
            schedule: nil, runs: [], rollout: rollout, history: history)
    }
}

extension ReplicaSnapshot {
    static func example(
        _ service: ServiceName, _ index: Int, instance: UInt64, isReady: Bool, isWanted: Bool = true
    ) -> ReplicaSnapshot {
        ReplicaSnapshot(
            id: ReplicaID(service: service, index: index), state: .running, isReady: isReady, isWanted: isWanted,
            instance: InstanceID(serial: instance), pid: 42, restarts: 0, restartCauses: [], lastExit: nil,
            revision: Revision("cd"), since: Instant(sinceOrigin: .zero), reason: "it runs", status: nil)
    }
}

extension RolloutSnapshot {
    static func example(phase: Phase) -> RolloutSnapshot {
        RolloutSnapshot(
            number: 2, revision: Revision("cd"), cause: .changed, phase: phase, began: Instant(sinceOrigin: .zero),
            step: 1, steps: 3, wanted: 4, updated: 2, available: 1, failures: 1, reason: "it is measured")
    }
}

extension RevisionRecord {
    static func example(number: Int, outcome: Outcome) -> RevisionRecord {
        RevisionRecord(
            number: number, revision: Revision("cd"), cause: .changed, began: Instant(sinceOrigin: .zero),
            outcome: outcome)
    }
}
