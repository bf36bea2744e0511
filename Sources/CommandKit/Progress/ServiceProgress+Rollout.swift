import ControlProtocol

extension ServiceProgress {
    /// Nil where the replicas tell more.
    init?(_ service: ServiceDocument, _ verdict: RolloutVerdict) {
        switch verdict {
        case .none, .done:
            return nil
        case .underWay(let rollout), .standsStill(let rollout):
            self.init(
                service: service.name, standing: rollout.standing, word: rollout.word,
                detail: rollout.progress(of: service), since: rollout.since, until: rollout.pauseEnd)
        case .failed(let revision):
            self.init(
                service: service.name, standing: .failed, word: "failed", detail: revision.failure,
                since: revision.ended ?? revision.since)
        case .reverted(let revision, let successor):
            self.init(
                service: service.name, standing: .failed, word: "rolled back", detail: revision.failure,
                since: successor.ended ?? successor.since)
        }
    }
}

extension RolloutDocument {
    fileprivate var standing: ServiceProgress.Standing {
        switch phase {
        case .waiting, .paused: .held
        case .progressing, .analysing: .moving
        case .failed: .failed
        }
    }

    /// `step 1 of 3, 2 of 4 updated, 1 available; backend/1 (new) starting: …`
    fileprivate func progress(of service: ServiceDocument) -> String {
        switch phase {
        case .failed: return remark(of: service)
        case .waiting, .paused, .analysing: return "\(counts); \(remark(of: service))"
        case .progressing:
            let coming = service.rows.last { $0.role != .former && !$0.replica.hasArrived }
            return coming.map { "\(counts); \($0.line())" } ?? counts
        }
    }
}

extension ReplicaDocument {
    fileprivate var hasArrived: Bool { ready || state == .completed || state == .scheduled }
}
