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
        let aims = ServiceProgress.aims(of: services)
        // The next run of a schedule is as good as a restart.
        let candidates = services.filter { $0.schedule?.next == nil }.flatMap(\.replicas)
        let ended = candidates.filter { $0.hasEnded && $0.since >= start && $0.hasRun }
        return ended.filter { isReason($0, aim: aims[$0.service] ?? .readiness) }.min { $0.since < $1.since }
    }

    private func isReason(_ ended: ReplicaDocument, aim: Aim) -> Bool {
        switch trigger {
        case .never: false
        // What others wait to see completed is no end of anything but the beginning of theirs.
        case .anyExit: aim != .completion || ended.exitStatus != .done || ended.service == statusSource
        case .anyFailure: ended.exitStatus != .done || ended.service == statusSource
        }
    }

    /// The status to exit with when everything has ended.
    func status(of services: [ServiceDocument], cause: ReplicaDocument) -> CommandStatus {
        guard let statusSource else { return cause.exitStatus }
        let replicas = services.filter { $0.name == statusSource }.flatMap(\.replicas)
        // Tests that were never run have not passed.
        guard replicas.contains(where: \.hasRun) else { return .failed }
        return replicas.map(\.exitStatus).first { $0 != .done } ?? .done
    }
}

extension ReplicaDocument {
    /// Or has tried in vain.
    fileprivate var hasRun: Bool { lastExit != nil || state == .failed }
}
