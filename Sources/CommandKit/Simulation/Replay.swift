import ControlProtocol
import StackModel
import SupervisorCore

/// What the autoscaler of a service would have done in a trace.
struct Replay: Sendable {
    /// One decision of the autoscaler, and what it found.
    struct Step: Sendable {
        /// Since the beginning of the trace.
        var time: Duration
        /// How long it counts.
        var length: Duration
        var load: Double?
        /// Of the replicas that there were until then.
        var ready: Int
        var decision: ScalingDecision
    }

    var service: ServiceSpec
    var policy: AutoscaleSpec
    /// Those that the trace tells nothing of.
    var leftOut: [LoadMetric]
    var trace: LoadTrace
    var settings: ReplaySettings
    /// In the order of their times; at least one.
    var steps: [Step]
}

/// What a replay supposes.
struct ReplaySettings: Hashable, Sendable {
    /// How much load makes a replica fully loaded: 100 % of what `resources` gives it.
    var capacity: Double?
    /// How long a new replica takes until it is ready.
    var startup: Duration
    /// How many replicas there are in the beginning, all ready; nil is as many as the file says.
    var initial: Int?
    /// How long to go on, where that is not the trace's end.
    var until: Duration?
}
