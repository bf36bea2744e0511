import ControlProtocol

/// When a foreground `up` stops the whole stack because a part of it has ended, and with whose exit status.
struct AbortRule: Hashable, Sendable {
    enum Trigger: Hashable, Sendable {
        case never
        case anyExit
        case anyFailure
    }

    var trigger = Trigger.never
    /// The service whose exit status is that of the command; nil is the one that ended first.
    var statusSource: String?
    /// What had ended before is none of this command's business.
    var start: Timestamp

    /// The replica for whose end the stack is to be stopped.
    func cause(in services: [ServiceDocument]) -> ReplicaDocument? {
        // The next run of a schedule is as good as a restart.
        let candidates = services.filter { $0.schedule?.next == nil }.flatMap(\.replicas)
        let ended = candidates.filter { $0.hasEnded && $0.since >= start && $0.hasRun }
        switch trigger {
        case .never: return nil
        case .anyExit: return ended.min { $0.since < $1.since }
        case .anyFailure: return ended.filter { $0.exitStatus != .done }.min { $0.since < $1.since }
        }
    }

    /// The status to exit with when everything has ended.
    func status(of services: [ServiceDocument], cause: ReplicaDocument) -> CommandStatus {
        guard let statusSource else { return cause.exitStatus }
        let statuses = services.filter { $0.name == statusSource }.flatMap(\.replicas).map(\.exitStatus)
        return statuses.first { $0 != .done } ?? .done
    }
}

extension ReplicaDocument {
    /// Or has tried in vain.
    fileprivate var hasRun: Bool { lastExit != nil || state == .failed }
}
