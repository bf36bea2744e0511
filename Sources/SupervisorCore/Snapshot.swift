public import StackModel

/// The whole stack at one moment, for whoever asks.
public struct StackSnapshot: Sendable {
    public var services: [ServiceSnapshot]
}

public struct ServiceSnapshot: Sendable {
    public var name: ServiceName
    public var desired: DesiredState
    public var revision: Revision
    public var dependencies: [DependencySpec]
    /// How many replicas there should be; more are there only while they stop.
    public var wantedReplicas: Int
    public var scaling = ScalingSnapshot(rule: nil)
    /// By their indices; one that is being replaced while it serves is followed by the one that comes.
    public var replicas: [ReplicaSnapshot]
    /// When it runs by itself; nil where that is always.
    public var schedule: ScheduleSpec?
    /// Those of a scheduled service, the newest first: the one that waits, the one that goes on, then as many as its
    /// schedule remembers.
    public var runs: [JobRun]
    /// The one under way, or that has failed and stands still.
    public var rollout: RolloutSnapshot?
    /// The newest first; the one that counts is the first.
    public var history: [RevisionRecord]

    /// One that is being rolled out is not. A scheduled service always is while it is wanted, also when its last run
    /// failed.
    public var isAsDesired: Bool {
        switch desired {
        case .stopped: replicas.allSatisfy { $0.pid == nil }
        case .running:
            schedule != nil
                || rollout == nil && replicas.allSatisfy { $0.isReady || $0.state == .completed || !$0.isWanted }
        }
    }
}

public struct ReplicaSnapshot: Sendable {
    public var id: ReplicaID
    public var state: ReplicaPhase
    public var isReady: Bool
    /// It is to be there; what is not is being ended.
    public var isWanted = true
    public var instance: InstanceID?
    public var pid: Int32?
    /// Restarts that nobody asked for, since the daemon knows the replica.
    public var restarts: Int
    /// The same by their causes, each cause once and only where there were any.
    public var restartCauses: [(cause: RestartCause, count: Int)]
    /// How the last instance ended, and when.
    public var lastExit: (status: ExitStatus, time: Instant)?
    /// That of the instance, or of the service where there is none.
    public var revision: Revision
    /// When the replica came into this state.
    public var since: Instant
    /// Why it is in this state, in one sentence.
    public var reason: String
    /// The service's own words (STATUS of sd_notify).
    public var status: String?
}

/// A replica's state in one word.
public enum ReplicaPhase: String, Hashable, Sendable, CaseIterable {
    /// Nothing runs, and nothing is wanted.
    case stopped
    /// It waits for its schedule.
    case scheduled
    /// It is wanted and held back by a dependency or a listener.
    case waiting
    /// It failed, and the delay before the next start runs.
    case backoff
    /// Its process is made, or runs and has not yet proven that it is up.
    case starting
    /// It is up; whether it is ready is told apart.
    case running
    /// It is being ended.
    case stopping
    /// It has ended well, and that was its aim.
    case completed
    /// It has ended badly, or cannot start, and nobody will start it again unasked.
    case failed
}
