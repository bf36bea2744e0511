public import StackModel

/// What must hold after every step, whatever the world does.
public enum Invariant: String, Sendable, CaseIterable {
    case oneInstance = "a replica has at most one live instance"
    case conditions = "no instance is made while a condition of its service does not hold"
    case promptness = "what is wanted and held back by nothing is started at once"
    case nothingLeft = "what is stopped has no process and no open listener"
    case stopOrder = "a service is ended after the services that depend on it"
    case backoff = "a restart waits as long as its backoff says, and no longer"
    case budget = "no replica is restarted more often than its policy and its budget allow, nor given up before"
    case lifecycle = "an instance is made once, ended by rule and released once, when nothing of it runs"
    case probes = "a probe runs only on a live instance, once at a time, and each run is answered or cancelled"
    case identity = "no id is given out twice"
    case causality = "events are numbered in order and caused by earlier ones"
    case progress = "the core is never busy at one moment without end, and its next deadline lies ahead"
    case determinism = "the same seed gives the same world"
    case liveness = "when faults end, the stack reaches its desired state"
    case journal = "the journal knows of an instance before it is made, and of its end after it"
    case change = "an applied stack file is what runs in the end, and what it does not change is not touched"
    case scale = "a service has as many replicas as were asked for last"
    case recommendation = "the autoscaler asks for what Kubernetes' rules make of the metrics"
    case bounds = "what is scaled by its load has no fewer and no more replicas than its file allows"
    case pace = "the number changes as far as policies and windows allow, and no further"
    case room = "nothing is scaled up while the host has no room for it"
    case leastLoaded = "of replicas that are too many, those that are not ready go first, then those that do least"
    case stability = "under constant load the number of replicas comes to what the load takes, and stays"
    case idle = "what nobody needs goes down to none, and comes back with the first connection"
    case schedule = "a scheduled service has one run at a time, and each that is due begins, waits or is left out"
    case surge = "a service has no more instances than wanted and the surge of its rollout"
    case availability = "a rollout ends no ready instance where too few would stay"
    case rollout = "a rollout begins for a reason, keeps to its steps, and ends in one revision"
    case rotation = "the routes give requests to ready instances only, and none is ended with requests"
    case readiness = "the snapshot shows what the core was told"
}

/// An invariant that does not hold any more, with what shows it.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    public var invariant: Invariant
    public var time: Instant
    public var detail: String

    public init(_ invariant: Invariant, at time: Instant, _ detail: String) {
        self.invariant = invariant
        self.time = time
        self.detail = detail
    }

    public var description: String {
        "\(invariant): \(invariant.rawValue); but at \(time.sinceOrigin.text) \(detail)"
    }
}
