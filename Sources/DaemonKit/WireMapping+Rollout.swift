import ControlProtocol
import StackModel
import SupervisorCore

extension WireMapping {
    func document(_ rollout: RolloutSnapshot) -> RolloutDocument {
        RolloutDocument(
            number: rollout.number, revision: rollout.revision.text,
            cause: RevisionDocument.Cause(rollout.cause), detail: rollout.cause.description,
            phase: RolloutDocument.Phase(rollout.phase), held: rollout.isHeld, since: clock.time(of: rollout.began),
            until: rollout.until.map { clock.time(of: $0) }, step: rollout.step, steps: rollout.steps,
            wanted: rollout.wanted, updated: rollout.updated, available: rollout.available,
            failures: rollout.failures, rollback: rollout.isRollback, reason: rollout.reason,
            measurements: rollout.measurements.map(document))
    }

    private func document(_ measurement: MeasurementRecord) -> RolloutDocument.Measurement {
        let (value, error) = measurement.value.onTheWire
        return RolloutDocument.Measurement(
            time: clock.time(of: measurement.time), metric: measurement.metric, value: value, error: error,
            verdict: RolloutDocument.Measurement.Verdict(measurement.verdict))
    }

    func document(_ record: RevisionRecord) -> RevisionDocument {
        let (outcome, reason) = RevisionDocument.Outcome.describing(record.outcome)
        return RevisionDocument(
            number: record.number, revision: record.revision.text,
            executable: record.executable.map { RevisionDocument.Executable(path: $0.path, digest: $0.digest) },
            cause: RevisionDocument.Cause(record.cause), detail: record.cause.description,
            since: clock.time(of: record.began), ended: record.ended.map { clock.time(of: $0) }, outcome: outcome,
            reason: reason)
    }
}

extension Measurement.Value {
    fileprivate var onTheWire: (value: Double?, error: String?) {
        switch self {
        case .number(let number) where number.isFinite: (number, nil)
        // JSON has no word for it.
        case .number(let number): (nil, "\(number)")
        case .none: (nil, nil)
        case .failed(let reason): (nil, reason)
        }
    }
}

extension RolloutDocument.Phase {
    fileprivate init(_ phase: RolloutSnapshot.Phase) {
        self =
            switch phase {
            case .waiting: .waiting
            case .progressing: .progressing
            case .paused: .paused
            case .analysing: .analysing
            case .failed: .failed
            }
    }
}

extension RolloutDocument.Measurement.Verdict {
    fileprivate init(_ verdict: MeasurementRecord.Verdict) {
        self =
            switch verdict {
            case .successful: .successful
            case .failed: .failed
            case .inconclusive: .inconclusive
            case .error: .error
            }
    }
}

extension RevisionDocument.Cause {
    fileprivate init(_ cause: RolloutCause) {
        self =
            switch cause {
            case .started: .started
            case .restartRequested: .restartRequested
            case .filesChanged: .filesChanged
            case .changed: .changed
            case .dependencyReplaced: .dependencyReplaced
            case .undone: .undone
            case .rolledBack: .rolledBack
            }
    }
}

extension RevisionDocument.Outcome {
    fileprivate static func describing(_ outcome: RevisionRecord.Outcome) -> (Self, reason: String?) {
        switch outcome {
        case .underWay: (.underWay, nil)
        case .good: (.good, nil)
        case .failed(let reason): (.failed, reason)
        case .superseded: (.superseded, nil)
        }
    }
}
