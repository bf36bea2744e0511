public import StackModel

/// What the core wants done. The runner carries effects out in their order and reports every outcome as an event.
public enum Effect: Sendable {
    /// Have the service's listeners be those of these revisions of it, the newest first: bind what is not bound, keep
    /// what is, at the same address, and close what is in none of them. Where one cannot be bound, all is as before.
    /// Answered by `listenersOpened` or `listenersFailed`, each time.
    case openListeners([ServiceRevision])
    /// Close them; no answer.
    case closeListeners(ServiceName)
    /// Make the instance's process. Answered by `spawned` or `spawnFailed`.
    case spawn(InstanceID, ReplicaID, ServiceRevision)
    /// Run the service's `pre_stop` command beside the instance. Answered by `preStopFinished`, unless it is released.
    case runPreStop(InstanceID)
    /// What is asked of the running instance from now on is what this revision says; it is made as it was. No answer.
    case adopt(InstanceID, ServiceRevision)
    case signal(InstanceID, Signal, SignalScope)
    /// Kill every process of the instance, its hook's included. Answered by `exited` and `emptied`.
    case kill(InstanceID)
    /// Answered by `probeFinished`, unless it is cancelled.
    case startProbe(InstanceID, ProbeRun)
    /// Leave nothing of the run behind; no answer.
    case cancelProbe(InstanceID, ProbeRun)
    /// Have the service's routes give requests to the instance from now on; no answer.
    case enterRotation(InstanceID)
    /// Have them give it none any more. Answered by `leftRotation` once those that it has are done.
    case leaveRotation(InstanceID)
    /// Answered by `measured`.
    case measure(Measurement)
    /// Answered by `loadMeasured`.
    case measureLoad(LoadRequest)
    /// Answered by `connectionWaiting`, once, as soon as a connection waits at one of the service's listeners or a request
    /// at one of its routes, also where it does already.
    case awaitConnection(ServiceName)
    /// What was awaited is of no interest any more; no answer.
    case ignoreConnections(ServiceName)
    /// These of the service's revisions may be needed again, with their executables, and no others.
    case keepRevisions(ServiceName, [ServiceRevision])
    /// Nothing of the instance runs any more: let go of its cgroup, its ports and, once they are read, its pipes.
    case release(InstanceID)
    /// To be on disk before the effects that follow.
    case record(JournalRecord)
    case publish(StackEvent)
    /// A shutdown is complete: nothing runs and no listener is open.
    case stackStopped
}

public enum SignalScope: Hashable, Sendable {
    case mainProcess
    case allProcesses
}

/// A service spec that instances share: they keep the one that they were made from when the service has a newer one.
public final class ServiceRevision: Sendable {
    public let spec: ServiceSpec
    /// How often a restart was asked for before: what was made in an earlier epoch is replaced though its spec is the same
    /// (Kubernetes' `restartedAt`).
    public let epoch: Int
    /// Whether it has a schedule, and an autoscaler: kept beside the spec because that is asked for far more often than
    /// there is one.
    let isScheduled: Bool
    let isAutoscaled: Bool

    public init(_ spec: ServiceSpec, epoch: Int = 0) {
        self.spec = spec
        self.epoch = epoch
        isScheduled = spec.schedule != nil
        isAutoscaled = spec.autoscale != nil && !isScheduled && !spec.isAwaitedToComplete
    }
}

/// What a later daemon must know, written before it becomes true.
public enum JournalRecord: Hashable, Sendable {
    /// What the operator wants of the service.
    case desired(ServiceName, DesiredState)
    /// How many replicas somebody or the autoscaler wants; nil: as many as the file says.
    case scaled(ServiceName, Scale?)
    /// The service is gone from the file: nothing that was said of it counts any more.
    case removed(ServiceName)
    /// The instance is about to be spawned.
    case creating(InstanceID, ReplicaID, Revision)
    /// It has this process; the runner adds what identifies the process beyond its pid.
    case started(InstanceID, pid: Int32)
    /// Nothing of it is left.
    case ended(InstanceID)
}

/// What is wanted, as opposed to what is.
public enum DesiredState: String, Hashable, Sendable {
    case running, stopped
}
