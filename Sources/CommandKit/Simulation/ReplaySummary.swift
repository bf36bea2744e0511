import StackModel
import SupervisorCore

/// A replay in a few numbers.
struct ReplaySummary: Hashable, Encodable, Sendable {
    var durationSeconds: Double
    /// How often there were to be more, and fewer, replicas.
    var increases = 0
    var decreases = 0
    var least: Int
    var peak: Int
    /// When there were first so many.
    var peakSeconds: Double
    /// Over time.
    var mean: Double
    var replicaHours: Double
    /// How long a metric was above its target by more than its tolerance.
    var aboveTargetSeconds = 0.0
    /// How long more was asked for than all that were ready can do; nil where nobody knows what that is.
    var overloadedSeconds: Double?
    /// How long there were fewer replicas than the metrics asked for.
    var heldBackSeconds = 0.0

    private enum CodingKeys: String, CodingKey {
        case increases, decreases, least, peak, mean
        case durationSeconds = "duration_seconds"
        case peakSeconds = "peak_seconds"
        case replicaHours = "replica_hours"
        case aboveTargetSeconds = "above_target_seconds"
        case overloadedSeconds = "overloaded_seconds"
        case heldBackSeconds = "held_back_seconds"
    }

    init(_ replay: Replay) {
        let steps = replay.steps
        durationSeconds = steps.reduce(0) { $0 + $1.length.inSeconds }
        let numbers = steps.map(\.decision.desired)
        least = numbers.min() ?? 0
        peak = numbers.max() ?? 0
        peakSeconds = steps.first { $0.decision.desired == numbers.max() }?.time.inSeconds ?? 0
        let replicaSeconds = steps.reduce(0) { $0 + Double($1.decision.desired) * $1.length.inSeconds }
        mean = durationSeconds > 0 ? replicaSeconds / durationSeconds : Double(peak)
        replicaHours = replicaSeconds / 3600
        if replay.settings.capacity != nil { overloadedSeconds = 0 }
        for step in steps { count(step, of: replay) }
    }

    private mutating func count(_ step: Replay.Step, of replay: Replay) {
        let decision = step.decision
        if decision.desired > decision.current { increases += 1 }
        if decision.desired < decision.current { decreases += 1 }
        let seconds = step.length.inSeconds
        // In thousandths.
        let tolerated = 100 + Double(replay.policy.scaleUp.tolerance) / 10
        if let percent = decision.highestPercent, percent > tolerated { aboveTargetSeconds += seconds }
        if let asked = decision.recommendation, asked > decision.desired { heldBackSeconds += seconds }
        if let load = step.load, let capacity = replay.settings.capacity, load > Double(step.ready) * capacity {
            overloadedSeconds = (overloadedSeconds ?? 0) + seconds
        }
    }
}

extension ScalingDecision {
    /// Of the metric that is furthest above its target, in per cent of that; nil where none tells anything.
    var highestPercent: Double? { metrics.compactMap(\.measuredPercent).max() }
}

extension MetricVerdict {
    /// Of what was measured to its target, without what the decision fills in for replicas that tell nothing.
    fileprivate var measuredPercent: Double? {
        guard case .proposal(_, let value, _, _) = outcome else { return nil }
        let target =
            switch metric.target {
            case .utilization(let percent): percent
            case .average(let target), .value(let target): target
            }
        return 100 * Double(value) / Double(max(1, target))
    }
}

extension Duration {
    var inSeconds: Double { Double(wholeNanoseconds) / 1e9 }
}
