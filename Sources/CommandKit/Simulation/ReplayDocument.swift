import ControlProtocol
import StackModel
import SupervisorCore

/// A replay for programs: every decision with every input.
struct ReplayDocument: Encodable {
    var service: String
    var minimum: Int
    var maximum: Int
    var intervalSeconds: Double
    var startupSeconds: Double
    var capacity: Double?
    /// The metrics that the trace tells nothing of.
    var leftOut: [String]
    var decisions: [Decision]
    var summary: ReplaySummary

    private enum CodingKeys: String, CodingKey {
        case service, minimum, maximum, capacity, decisions, summary
        case intervalSeconds = "interval_seconds"
        case startupSeconds = "startup_seconds"
        case leftOut = "left_out"
    }

    init(_ replay: Replay) {
        service = replay.service.name.text
        minimum = replay.policy.minimum
        maximum = replay.policy.maximum
        intervalSeconds = replay.policy.interval.inSeconds
        startupSeconds = replay.settings.startup.inSeconds
        capacity = replay.settings.capacity
        leftOut = replay.leftOut.map(\.name)
        decisions = replay.steps.map { Decision($0, origin: replay.trace.origin) }
        summary = ReplaySummary(replay)
    }

    /// As the control API tells one, with what it was made of in the trace.
    struct Decision: Encodable {
        /// Since the beginning of the trace.
        var seconds: Double
        /// Where the trace has times of the calendar.
        var time: Timestamp?
        var load: Double?
        var ready: Int
        var current: Int
        var desired: Int
        var recommendation: Int?
        var stabilized: Int?
        var reason: String
        var metrics: [ScalingDocument.Metric]
        var limits: [Limit]
        var removed: [String]

        init(_ step: Replay.Step, origin: Timestamp?) {
            let decision = step.decision
            seconds = step.time.inSeconds
            time = origin.map {
                Timestamp(milliseconds: $0.milliseconds + step.time.wholeNanoseconds / 1_000_000)
            }
            load = step.load
            ready = step.ready
            current = decision.current
            desired = decision.desired
            recommendation = decision.recommendation
            stabilized = decision.stabilized
            reason = decision.reason
            metrics = decision.metrics.map(ScalingDocument.Metric.init)
            limits = decision.limits.map { Limit(code: $0.code, text: $0.description) }
            removed = decision.removed.map(\.description)
        }
    }

    struct Limit: Encodable {
        var code: String
        var text: String
    }
}

extension ScalingDocument.Metric {
    init(_ verdict: MetricVerdict) {
        let metric = verdict.metric
        switch verdict.outcome {
        case .proposal(let replicas, let value, let ratio, let groups):
            self.init(
                name: metric.name, target: metric.targetText, value: metric.text(of: value),
                ratio: Double(ratio) / 1000, replicas: replicas,
                counted: ScalingDocument.Counted(
                    ready: groups.ready, unready: groups.unready, missing: groups.missing, ignored: groups.ignored))
        case .failed(let reason):
            self.init(name: metric.name, target: metric.targetText, error: reason)
        }
    }
}
