public import StackModel

/// What the core wants done. The runner carries effects out in their order and reports every outcome as an event.
public enum Effect: Sendable {
    /// Have the service's listeners be these: bind what is not bound, keep what is, at the same address, and close what
    /// is not among them. Answered by `listenersOpened` or `listenersFailed`, each time.
    case openListeners(ServiceRevision)
    /// Close them; no answer.
    case closeListeners(ServiceName)
    /// Make the instance's process. Answered by `spawned` or `spawnFailed`.
    case spawn(InstanceID, ReplicaID, ServiceRevision)
    /// Run the service's `pre_stop` command beside the instance. Answered by `preStopFinished`, unless it is released.
    case runPreStop(InstanceID)
    case signal(InstanceID, Signal, SignalScope)
    /// Kill every process of the instance, its hook's included. Answered by `exited` and `emptied`.
    case kill(InstanceID)
    /// Answered by `probeFinished`, unless it is cancelled.
    case startProbe(InstanceID, ProbeRun)
    /// Leave nothing of the run behind; no answer.
    case cancelProbe(InstanceID, ProbeRun)
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

    public init(_ spec: ServiceSpec) {
        self.spec = spec
    }
}

/// What a later daemon must know, written before it becomes true.
public enum JournalRecord: Hashable, Sendable {
    /// What the operator wants of the service.
    case desired(ServiceName, DesiredState)
    /// How many replicas somebody asked for; nil: as many as the file says.
    case scaled(ServiceName, Int?)
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
