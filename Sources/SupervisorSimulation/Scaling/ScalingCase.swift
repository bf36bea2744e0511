import StackModel
import SupervisorCore

/// A slot of a service as the autoscaler is to see it: what a pod is to Kubernetes.
struct ScaledSlot {
    enum Phase {
        /// Nothing of it runs yet.
        case pending
        /// It runs, and is not ready.
        case unready
        /// It has failed, and comes back.
        case restarting
        case ready
        /// It has failed for good.
        case failed
        /// It is between two instances, or has two of which an observer cannot say which counts.
        case unclear
    }

    let replica: ReplicaID
    var phase: Phase
    /// Those whose load is its load: that of a surge too.
    var instances: [InstanceID] = []
    /// The one that it is judged by.
    var instance: InstanceID?
    var startedAt = Instant.origin
    /// When it became ready, or ceased to be.
    var turnedAt = Instant.origin

    var isReady: Bool? {
        switch phase {
        case .pending, .unready, .restarting, .failed: false
        case .ready: true
        case .unclear: nil
        }
    }
}

/// What the autoscaler of a service has to decide about.
struct ScalingCase {
    /// What the limits of others' replicas add up to.
    struct Commitment {
        var cpus = 0
        var memory = 0
    }

    let autoscale: AutoscaleSpec
    let resources: ResourceSpec
    /// The wanted ones.
    let slots: [ScaledSlot]
    let report: LoadReport
    let now: Instant
    /// Of those services that run, and of all.
    var running = Commitment()
    var listed = Commitment()
    /// There is something that somebody can connect to.
    var isReachable = false

    var current: Int { slots.count }

    /// The least that there may be while there is anything.
    var floor: Int { max(autoscale.minimum, 1) }

    /// What was read of a slot, with what is read of a surge beside it; nil where nothing was.
    func load(of slot: ScaledSlot, in samples: [LoadReport.Sample]) -> Int? {
        let own = samples.filter { slot.instances.contains($0.instance) }
        return own.isEmpty ? nil : own.reduce(0) { $0 + $1.value }
    }
}
