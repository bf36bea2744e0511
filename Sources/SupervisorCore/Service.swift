import StackModel

/// A service as the core holds it: what is wanted of it, its replicas, and its place in the graph.
struct Service: Sendable {
    /// Its place in the stack file.
    enum Membership: Hashable, Sendable {
        case listed
        /// It is gone from the file, and goes down. → listed, vacant
        case leaving
        /// Nothing of it is left: its position in the table is free. → listed, as another service
        case vacant
    }

    /// What has become of the sockets that the daemon holds for it.
    enum Listeners: Hashable, Sendable {
        /// It has none, or all are bound.
        case open
        /// The runner was told to bind them.
        case opening
        /// Binding failed; the slot's deadline tries again.
        case failed
        /// The stack is not started yet, or has ended.
        case closed
    }

    /// Why it goes down while it does.
    struct Descent: Hashable, Sendable {
        var cause: StopCause
        var event: EventID
        var immediately = false
        /// How long each instance has to end; nil is what its spec says.
        var grace: Duration?
        /// It comes up again when it is down.
        var isRestart: Bool
        /// The run that a scheduled service begins then.
        var run: JobRun.Origin?
    }

    struct Dependency: Hashable, Sendable {
        var service: Int
        var name: ServiceName
        var condition: DependencySpec.Condition
    }

    /// What its instances are to be made from.
    var revision: ServiceRevision
    var history = RevisionHistory()
    /// The greatest of its revisions' epochs.
    var lastEpoch = 0
    private var rolloutPlace = RolloutPlace.empty
    /// It was replaced without a rollout: what follows the end of one comes when it is available again.
    var isReplacedAtOnce = false
    var membership = Membership.listed
    var desired: DesiredState = .stopped
    /// How many replicas somebody or the autoscaler wants, where that is in force instead of the file's number.
    var scale: Scale?
    /// The latest change of how many replicas are wanted, or the start where there was none.
    var scaledBy: EventID?
    /// Positions in the table of replicas: the wanted ones in the order of their indices, then those that are being ended,
    /// likewise.
    var replicas: [Int] = []
    /// How many of them are wanted.
    var slots = 0
    /// Positions of those that a rollout has made beside them, to take their places, in the order of their indices.
    var incoming: [Int] = []
    /// Positions of those whose place another has taken, and that are being ended.
    var outgoing: [Int] = []
    var dependencies: [Dependency] = []
    /// What its instances were made to depend on, while that is not what its spec says now.
    var formerDependencies: [Int]?
    /// Positions of the services that depend on it, or did when their instances were made.
    var dependents: [Int] = []
    var listeners: Listeners
    /// Those that the runner was told last to have bound: of one revision, or of several while one replaces the others.
    var boundListeners: [[ListenerSpec]] = []
    /// How often it was told so and has not yet answered: only the last answer counts.
    var unansweredOpenings = 0
    /// Why they are not bound, while binding has failed.
    var listenersFailure: StackEvent?
    /// It is going down, or is down because somebody said so.
    var descent: Descent?
    /// It was available when it was last looked at.
    var wasAvailable = false
    /// While it is not available though it had been: the event that is the root cause of it.
    var downSince: EventID?
    /// Those of a scheduled service.
    var runs = RunBook()

    private var scalingPlace = ScalingPlace.empty

    /// Most services have none, and all are copied again and again: it has a place of its own.
    private enum RolloutPlace {
        case empty
        indirect case taken(Rollout)
    }

    /// Likewise.
    private enum ScalingPlace {
        case empty
        indirect case taken(Scaling)
    }

    /// The one under way, or that has failed and stands still.
    var rollout: Rollout? {
        get {
            guard case .taken(let rollout) = rolloutPlace else { return nil }
            return rollout
        }
        set { rolloutPlace = newValue.map { .taken($0) } ?? .empty }
    }

    /// Its autoscaler, once it has been up with one.
    var scaling: Scaling? {
        get {
            guard case .taken(let scaling) = scalingPlace else { return nil }
            return scaling
        }
        set { scalingPlace = newValue.map { .taken($0) } ?? .empty }
    }

    init(revision: ServiceRevision) {
        self.revision = revision
        listeners = revision.spec.listeners.isEmpty ? .open : .closed
    }

    var spec: ServiceSpec { revision.spec }
    var name: ServiceName { spec.name }
    var isScheduled: Bool { revision.isScheduled }
    var isListed: Bool { membership == .listed }
    var wantedReplicas: Int { scale?.replicas ?? spec.replicas }

    /// Those that have a place, or are to take one.
    var present: [Int] { incoming.isEmpty ? replicas : replicas + incoming }
    /// All positions of its replicas, each once.
    var rows: [Int] { outgoing.isEmpty ? present : present + outgoing }

    /// Positions of the services that an instance of it, if there is any, depends on.
    var upheldBy: [Int] { formerDependencies ?? dependencies.map(\.service) }
}
