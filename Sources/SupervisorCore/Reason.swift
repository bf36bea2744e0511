public import StackModel

/// Why something happened, as a value; its description is the sentence that people read.
public enum Reason: Hashable, Sendable {
    // The stack and its services.
    case stackStarting(services: Int)
    case shutdownRequested(immediately: Bool)
    case stackStopped
    case startRequested
    case startRequired(by: ServiceName)
    case stopRequested
    case restartRequested
    /// Its revision of that number is to come back.
    case undoRequested(to: Int)
    /// So many files that are watched for it; it is restarted for that.
    case filesChanged(Int)
    case stackApplied(AppliedChanges)
    case serviceAdded
    case serviceChanged(Revision)
    /// It is gone from the file.
    case serviceRemoved
    /// Nothing of a service that is gone from the file is left.
    case serviceGone
    case scaled(from: Int, to: Int)
    case autoscaled(from: Int, to: Int, because: String)
    /// Its autoscaler cannot go by its load.
    case scalingHeld(String)
    case scalingFree
    case runBegins(JobRun.Origin)
    case runQueued
    case runReplaces
    /// One that waited never begins: a newer one waits in its place.
    case runSuperseded
    case runSkipped(String)
    case runEnded(JobRun.Outcome)
    case listenersBound
    case listenersFailed(SpawnFailure, retryEvery: Duration)
    /// The service was available and is not any more, of itself: the root cause of what its dependents suffer now.
    case serviceDown
    case serviceAvailableAgain
    /// Of its rollout, or of a replica by that.
    indirect case rollout(RolloutReason)
    /// It asked to be restarted after that.
    case dependencyReplaced(ServiceName)

    // A replica without an instance.
    case waitsForDependency(ServiceName, DependencySpec.Condition)
    case waitsForListeners
    case waitsForSchedule
    case waitsForDependents(ServiceName)
    case dependencyCannotHold(ServiceName, DependencySpec.Condition)
    case restartsAtOnce
    case restartsAfter(Duration)
    /// The crash does not count, because a dependency was down.
    case restartsWithDependency(ServiceName)
    case gaveUp(GiveUp)
    case completed
    case stopped

    // An instance.
    case spawning(Revision)
    case spawned(pid: Int32)
    case spawnFailed(SpawnFailure)
    case up
    case ready
    case probeFailed(ProbeRole, String, times: Int)
    case notReady(String)
    case announcedStopping
    case stopping(StopCause)
    case preStopFailed(String)
    case draining(Duration)
    case signalled(Signal, SignalScope, grace: Duration)
    case killed(afterGrace: Duration?)
    /// Somebody asked for that signal.
    case signalRequested(Signal)
    /// The content of its secrets has; the signal has it read them again.
    case secretsChanged(Signal)
    case exited(ExitStatus, isPremature: Bool)
    case ranOutOfMemory(OutOfMemory)
    case leftoversEnded
    case observed(Observation)
}

/// How many services an applied stack file changes, and how.
public struct AppliedChanges: Hashable, Sendable {
    public var started: Int
    public var replaced: Int
    public var restarted: Int
    public var live: Int
    public var stopped: Int

    init(_ changes: [ServiceChange]) {
        func count(_ kind: ServiceChange.Kind) -> Int { changes.count { $0.kind == kind } }
        (started, replaced, restarted) = (count(.start), count(.rolling), count(.restart))
        (live, stopped) = (count(.live), count(.stop))
    }
}

/// Why an instance is being ended while its main process still runs.
public enum StopCause: Hashable, Sendable {
    case stopRequested
    case restartRequested
    case filesChanged(Int)
    case shutdown
    case specChanged
    /// An instance of the revision of that number takes its place.
    case replaced(by: Int, RolloutCause)
    case removed
    case scaledDown
    case runReplaced
    case startupProbeFailed(String)
    case livenessProbeFailed(String)
    case startTimedOut(after: Duration)
    case watchdogSilent(for: Duration)
    case reportedBroken

    /// Nobody asked for it: it counts as a failure of the service.
    public var isFailure: Bool {
        switch self {
        case .stopRequested, .restartRequested, .filesChanged, .shutdown, .specChanged, .replaced, .removed,
            .scaledDown, .runReplaced:
            false
        case .startupProbeFailed, .livenessProbeFailed, .startTimedOut, .watchdogSilent, .reportedBroken: true
        }
    }
}

/// Why a replica is not restarted any more.
public enum GiveUp: Hashable, Sendable {
    case policyIsNo
    case retriesUsed(Int)
    case budgetUsed(RestartSpec.Budget)
}

extension Reason {
    /// A stable word for programs.
    public var code: String {
        switch self {
        case .stackStarting: "stack_starting"
        case .shutdownRequested: "shutdown_requested"
        case .stackStopped: "stack_stopped"
        case .startRequested: "start_requested"
        case .startRequired: "start_required"
        case .stopRequested: "stop_requested"
        case .restartRequested: "restart_requested"
        case .undoRequested: "undo_requested"
        case .filesChanged: "files_changed"
        case .stackApplied: "stack_applied"
        case .serviceAdded: "service_added"
        case .serviceChanged: "service_changed"
        case .serviceRemoved: "service_removed"
        case .serviceGone: "service_gone"
        case .scaled, .autoscaled: "scaled"
        case .scalingHeld: "scaling_held"
        case .scalingFree: "scaling_free"
        case .runBegins: "run_begins"
        case .runQueued: "run_queued"
        case .runReplaces: "run_replaces"
        case .runSuperseded: "run_superseded"
        case .runSkipped: "run_skipped"
        case .runEnded: "run_ended"
        case .listenersBound: "listeners_bound"
        case .listenersFailed: "listeners_failed"
        case .serviceDown: "service_down"
        case .serviceAvailableAgain: "service_available_again"
        case .rollout(let reason): reason.code
        case .dependencyReplaced: "dependency_replaced"
        case .waitsForDependency: "waits_for_dependency"
        case .waitsForListeners: "waits_for_listeners"
        case .waitsForSchedule: "waits_for_schedule"
        case .waitsForDependents: "waits_for_dependents"
        case .dependencyCannotHold: "dependency_cannot_hold"
        case .restartsAtOnce: "restarts_at_once"
        case .restartsAfter: "restarts_after"
        case .restartsWithDependency: "restarts_with_dependency"
        case .gaveUp: "gave_up"
        case .completed: "completed"
        case .stopped: "stopped"
        case .spawning: "spawning"
        case .spawned: "spawned"
        case .spawnFailed: "spawn_failed"
        case .up: "up"
        case .ready: "ready"
        case .probeFailed: "probe_failed"
        case .notReady: "not_ready"
        case .announcedStopping: "announced_stopping"
        case .stopping: "stopping"
        case .preStopFailed: "pre_stop_failed"
        case .draining: "draining"
        case .signalled: "signalled"
        case .killed: "killed"
        case .signalRequested: "signal_requested"
        case .secretsChanged: "secrets_changed"
        case .exited: "exited"
        case .ranOutOfMemory: "out_of_memory"
        case .leftoversEnded: "leftovers_ended"
        case .observed: "observed"
        }
    }
}

extension Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stackStarting(let services): "the stack starts with \(services) service\(services == 1 ? "" : "s")"
        case .shutdownRequested(let immediately): "shutdown was asked for" + (immediately ? ", at once" : "")
        case .stackStopped: "everything is stopped"
        case .startRequested: "start was asked for"
        case .startRequired(let name): "\(name) is to start and depends on it"
        case .stopRequested: "stop was asked for"
        case .restartRequested: "restart was asked for"
        case .undoRequested(let number): "going back to revision number \(number) was asked for"
        case .filesChanged(let count): "\(count) watched file\(count == 1 ? " has" : "s have") changed"
        case .stackApplied(let changes): "the stack file was applied: \(changes)"
        case .serviceAdded: "is new in the stack file"
        case .serviceChanged(let revision): "has changed in the stack file, to revision \(revision)"
        case .serviceRemoved: "is gone from the stack file"
        case .serviceGone: "nothing of it is left"
        case .scaled(let before, let now): Self.scaling(from: before, to: now)
        case .autoscaled(let before, let now, let why): Self.scaling(from: before, to: now) + ": \(why)"
        case .scalingHeld(let why): "is not scaled as its load asks: \(why)"
        case .scalingFree: "is scaled as its load asks again"
        case .runBegins(.schedule): "a run begins by its schedule"
        case .runBegins(.stackStart): "a run begins with the stack"
        case .runBegins(.request): "a run begins, as was asked for"
        case .runQueued: "a run is due, and waits for the one before to end"
        case .runReplaces: "a run is due, and the one before is stopped for it"
        case .runSuperseded: "the run that waited is left out: a newer one is due"
        case .runSkipped(let why): "a run is due, and left out: \(why)"
        case .runEnded(let outcome): "its run \(outcome)"
        case .listenersBound: "its listeners are bound"
        case .listenersFailed(let failure, let delay): "\(failure); it is tried every \(delay.approximateText)"
        case .serviceDown: "no replica of it is available any more"
        case .serviceAvailableAgain: "it is available again"
        case .rollout(let reason): reason.description
        case .dependencyReplaced(let name): "is restarted, as \(name) was replaced"
        case .waitsForDependency(let name, let condition): "waits for \(name) (\(condition.rawValue))"
        case .waitsForListeners: "waits for its listeners to be bound"
        case .waitsForSchedule: "waits for its schedule"
        case .waitsForDependents(let name): "is stopped after \(name), which depends on it"
        case .dependencyCannotHold(let name, let condition):
            "cannot start: \(name) ended, so that \(condition.rawValue) cannot come true"
        case .restartsAtOnce: "is restarted at once"
        case .restartsAfter(let delay): "is restarted in \(delay.approximateText)"
        case .restartsWithDependency(let name): "is restarted when \(name) is back; its crash does not count"
        case .gaveUp(let why): "is not restarted: \(why)"
        case .completed: "has completed"
        case .stopped: "is stopped"
        case .spawning(let revision): "is started, revision \(revision)"
        case .spawned(let pid): "runs as pid \(pid)"
        case .spawnFailed(let failure): "could not be started: \(failure)"
        case .up: "has started"
        case .ready: "is ready"
        case .probeFailed(let role, let seen, let times):
            "its \(role.rawValue) probe failed \(times == 1 ? "once" : "\(times) times in a row"): \(seen)"
        case .notReady(let why): "is not ready: \(why)"
        case .announcedStopping: "says that it stops"
        case .stopping(let cause): "is being stopped: \(cause)"
        case .preStopFailed(let why): "its pre_stop command failed: \(why)"
        case .draining(let period): "is out of rotation and drains for \(period.approximateText)"
        case .signalled(let signal, let scope, let grace):
            "was sent \(signal)" + (scope == .allProcesses ? ", every process of it" : "")
                + ", and has \(grace.approximateText) to end"
        case .killed(let grace):
            grace.map { "was killed: it had not ended \($0.approximateText) after its stop signal" }
                ?? "was killed at once"
        case .signalRequested(let signal): "was sent \(signal), as was asked for"
        case .secretsChanged(let signal): "was sent \(signal), as its secrets have changed"
        case .exited(let status, let isPremature): "\(status)" + (isPremature ? ", before it was ready" : "")
        case .ranOutOfMemory(let shortage): "was killed by the kernel: \(shortage)"
        case .leftoversEnded: "the processes that it left behind are ended"
        case .observed(let observation): observation.description
        }
    }
}

extension Reason {
    private static func scaling(from before: Int, to now: Int) -> String {
        let replicas = "\(now) replica\(now == 1 ? "" : "s")"
        return before == now ? "is to have \(replicas), as it has" : "is scaled from \(before) to \(replicas)"
    }
}

extension AppliedChanges: CustomStringConvertible {
    public var description: String {
        let parts = [
            (started, "to start"), (replaced, "to replace"), (restarted, "to restart"),
            (live, "changed without a restart"), (stopped, "to stop"),
        ].filter { $0.0 > 0 }
        return parts.isEmpty ? "nothing has changed" : parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}

extension JobRun.Outcome: CustomStringConvertible {
    public var description: String {
        switch self {
        case .succeeded: "succeeded"
        case .failed(let why): "failed: \(why)"
        case .stopped: "was stopped"
        case .skipped(let why): "was left out: \(why)"
        }
    }
}

extension StopCause: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stopRequested: "stop was asked for"
        case .restartRequested: "restart was asked for"
        case .filesChanged(let count): "\(count) of its watched files ha\(count == 1 ? "s" : "ve") changed"
        case .shutdown: "the stack shuts down"
        case .specChanged: "it has changed in the stack file"
        case .replaced(_, let cause): cause.description
        case .removed: "it is gone from the stack file"
        case .scaledDown: "fewer replicas are wanted"
        case .runReplaced: "its next run takes its place"
        case .startupProbeFailed(let seen): "its startup probe failed: \(seen)"
        case .livenessProbeFailed(let seen): "its liveness probe failed: \(seen)"
        case .startTimedOut(let limit): "it had not started after \(limit.approximateText)"
        case .reportedBroken: "it says that it is broken (WATCHDOG=trigger)"
        case .watchdogSilent(let limit): "it sent no WATCHDOG=1 for \(limit.approximateText)"
        }
    }
}

extension GiveUp: CustomStringConvertible {
    public var description: String {
        switch self {
        case .policyIsNo: "its restart policy is no"
        case .retriesUsed(let limit): "\(limit) restart\(limit == 1 ? "" : "s") in a row did not help"
        case .budgetUsed(let budget): "\(budget.restarts) restarts within \(budget.within.text) are used up"
        }
    }
}

extension Observation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .outputDropping(let why): "its output is dropped from now on: \(why)"
        case .outputResumed(let lines, let bytes):
            "its output is written again; \(lines) lines (\(bytes) bytes) are missing"
        case .degraded(let what): what
        case .execution(let what): what
        case .growth(let growth): "\(growth)"
        case .growthEnded(let resource): "\(resource) grows no more"
        }
    }
}
