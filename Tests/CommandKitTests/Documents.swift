import ControlProtocol

/// Short ways to make the documents that a daemon would send.
extension ReplicaDocument {
    static func sample(
        _ service: String, _ index: Int = 0, _ state: State, ready: Bool = false, pid: Int32? = nil,
        instance: UInt64? = nil, restarts: Int = 0, since: Int64 = 0, reason: String = "", status: String? = nil,
        exit: ExitDocument? = nil
    ) -> ReplicaDocument {
        ReplicaDocument(
            service: service, replica: index, state: state, ready: ready, pid: pid, instance: instance,
            restarts: restarts, revision: "r1", since: Timestamp(milliseconds: since), reason: reason, status: status,
            lastExit: exit)
    }
}

extension ServiceDocument {
    static func sample(
        _ name: String, desired: Desired = .running, after dependencies: [String] = [],
        condition: String = "service_healthy", scale: Int? = nil, schedule: ScheduleDocument? = nil,
        _ replicas: ReplicaDocument...
    ) -> ServiceDocument {
        ServiceDocument(
            name: name, desired: desired, ready: replicas.allSatisfy { $0.ready || $0.state == .completed },
            revision: "r1", dependencies: dependencies.map { Dependency(service: $0, condition: condition) },
            scale: scale ?? (replicas.map(\.replica).max() ?? -1) + 1, replicas: replicas, schedule: schedule)
    }
}
