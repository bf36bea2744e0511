import ControlProtocol
import StackModel
import SupervisorCore

extension WireMapping {
    func document(_ scaling: ScalingSnapshot) -> ScalingDocument {
        ScalingDocument(
            rule: ScalingDocument.Rule(scaling.rule), active: scaling.isActive,
            awaitsConnection: scaling.awaitsConnection, minimum: scaling.policy?.minimum,
            maximum: scaling.policy?.maximum, interval: scaling.policy?.interval.inSeconds,
            decision: scaling.decisions.first.map(document))
    }

    func document(_ decision: ScalingDecision) -> ScalingDocument.Decision {
        ScalingDocument.Decision(
            time: clock.time(of: decision.time), current: decision.current, desired: decision.desired,
            recommendation: decision.recommendation, stabilized: decision.stabilized, reason: decision.reason,
            metrics: decision.metrics.map { ScalingDocument.Metric($0) },
            limits: decision.limits.map { ScalingDocument.Limit(code: .init($0), text: $0.description) },
            removed: decision.removed.map(\.description))
    }
}

extension ScalingDocument.Metric {
    fileprivate init(_ verdict: MetricVerdict) {
        let metric = verdict.metric
        switch verdict.outcome {
        case .proposal(let replicas, let value, let ratio, let groups):
            self.init(
                name: metric.name, target: metric.targetText, value: metric.text(of: value),
                ratio: Double(ratio) / 1_000, replicas: replicas,
                counted: ScalingDocument.Counted(
                    ready: groups.ready, unready: groups.unready, missing: groups.missing, ignored: groups.ignored))
        case .failed(let reason):
            self.init(name: metric.name, target: metric.targetText, error: reason)
        }
    }
}

extension ScalingDocument.Rule {
    /// Nil: the file.
    fileprivate init(_ rule: Scale.Rule?) {
        self =
            switch rule {
            case nil: .file
            case .manual: .manual
            case .autoscaler: .autoscaler
            }
    }
}

extension ScalingDocument.Limit.Code {
    fileprivate init(_ limit: ScalingLimit) {
        self =
            switch limit {
            case .stabilization: .stabilization
            case .policy: .policy
            case .disabled: .disabled
            case .minimum: .minimum
            case .maximum: .maximum
            case .missingMetrics: .missingMetrics
            case .noMetrics: .noMetrics
            case .pressure: .pressure
            case .memory: .memory
            case .overcommit: .overcommit
            case .notIdle: .notIdle
            }
    }
}
