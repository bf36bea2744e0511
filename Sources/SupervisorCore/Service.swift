import StackModel

/// A service as the core holds it: what is wanted of it, its replicas, and its place in the graph.
struct Service: Sendable {
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
        /// It comes up again when it is down.
        var isRestart: Bool
    }

    struct Dependency: Sendable {
        var service: Int
        var name: ServiceName
        var condition: DependencySpec.Condition
    }

    var revision: ServiceRevision
    var desired: DesiredState = .stopped
    /// Positions in the table of replicas.
    var replicas: [Int] = []
    var dependencies: [Dependency] = []
    /// Positions of the services that depend on it.
    var dependents: [Int] = []
    var listeners: Listeners
    /// Why they are not bound, while binding has failed.
    var listenersFailure: StackEvent?
    /// It is going down, or is down because somebody said so.
    var descent: Descent?
    /// It was available when it was last looked at.
    var wasAvailable = false
    /// While it is not available though it had been: the event that is the root cause of it.
    var downSince: EventID?

    init(revision: ServiceRevision) {
        self.revision = revision
        listeners = revision.spec.listeners.isEmpty ? .open : .closed
    }

    var name: ServiceName { revision.spec.name }
}
