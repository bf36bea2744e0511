import ControlProtocol

/// What has become of a change of a service, told by the revisions that came after it was asked for.
enum RolloutVerdict: Hashable, Sendable {
    /// None came, or it is the service's first start, which is no rollout: its replicas tell how far it is.
    case none
    case underWay(RolloutDocument)
    /// It has failed, and what becomes of it is for somebody to say.
    case standsStill(RolloutDocument)
    /// All replicas are of the newest revision and were available; where another change took over, it is that one's.
    case done
    /// It has failed, and nothing came of that.
    case failed(RevisionDocument)
    /// A former revision is back in its place, by itself or because somebody has asked for it.
    case reverted(RevisionDocument, by: RevisionDocument)
}

extension ServiceDocument {
    /// What has become of the first revision after that of the number.
    func verdict(after number: Int) -> RolloutVerdict {
        if let rollout, rollout.number > number {
            return rollout.phase == .failed ? .standsStill(rollout) : .underWay(rollout)
        }
        // The newest stands first.
        guard let newest = history.first, let asked = history.last(where: { $0.number > number }) else { return .none }
        switch newest.outcome {
        case .underWay, .superseded:
            return .none
        case .failed:
            return .failed(newest)
        case .good:
            let hasGivenWay = asked.number != newest.number
            return hasGivenWay && newest.cause.isReturn ? .reverted(asked, by: newest) : .done
        }
    }

    /// The number before the newest revision, and, where that is the return from one that failed, before that too.
    var numberBeforeLatest: Int {
        guard let newest = history.first else { return 0 }
        return newest.number - (newest.cause == .rolledBack ? 2 : 1)
    }

    /// One that goes on, or that has not led to what was asked for.
    var hasUnusualRollout: Bool {
        switch verdict(after: numberBeforeLatest) {
        case .none, .done: false
        case .underWay, .standsStill, .failed, .reverted: true
        }
    }
}

extension RevisionDocument.Cause {
    /// Whether a former revision comes back.
    fileprivate var isReturn: Bool {
        switch self {
        case .undone, .rolledBack: true
        case .started, .restartRequested, .filesChanged, .changed, .dependencyReplaced: false
        }
    }
}
