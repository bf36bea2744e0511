public import StackModel

/// What the core is told: an order, the outcome of an effect, something seen, or merely that time has passed.
///
/// What concerns an instance carries its id, and a probe's outcome the number of its run, so that whatever comes too
/// late to matter is recognised and dropped.
public enum Event: Sendable {
    case command(Command)
    /// All of the service's listeners are bound.
    case listenersOpened(ServiceName)
    /// At least one of them could not be bound; none is, but for those that were bound before.
    case listenersFailed(ServiceName, SpawnFailure)
    case spawned(InstanceID, pid: Int32)
    /// No process was made. `isTransient`: the host had no room (EAGAIN, ENOMEM, EMFILE), which says nothing about the
    /// service.
    case spawnFailed(InstanceID, SpawnFailure, isTransient: Bool)
    /// The main process was reaped; `leftovers`: other processes of the instance still run.
    case exited(InstanceID, ExitStatus, leftovers: Bool)
    /// The last process of the instance is gone.
    case emptied(InstanceID)
    case probeFinished(InstanceID, ProbeRun, ProbeOutcome)
    case preStopFinished(InstanceID, PreStopOutcome)
    case notified(InstanceID, Notification)
    /// No request of a route is with the instance any more, or none can be known to be.
    case leftRotation(InstanceID)
    /// One value for each metric that was asked for, in their order.
    case measured(ServiceName, run: UInt64, [Measurement.Value])
    case loadMeasured(ServiceName, run: UInt64, LoadReport)
    /// Somebody wants to be served by a service that has no replica.
    case connectionWaiting(ServiceName)
    /// Comes before the `exited` that it is the reason of, where it is one.
    case ranOutOfMemory(InstanceID, OutOfMemory)
    /// Something that changes no state but belongs into the record, such as a full disk.
    case observed(Subject, Observation)
    /// A run of the scheduled service is due by its schedule.
    case scheduleDue(ServiceName)
    /// A deadline may be due.
    case timePassed
}

/// What an operator, or a signal to the daemon, asks for.
public enum Command: Hashable, Sendable {
    /// Start the services and all that they depend on; an empty list means every service.
    case start([ServiceName])
    /// Stop the services, dependents before what they depend on; an empty list means every service. `grace`: how long
    /// each instance has to end, in place of its spec's grace period; nil is the spec's.
    case stop([ServiceName], grace: Duration? = nil)
    /// Replace the instances of the services by new ones of the same spec; an empty list means every service.
    case restart([ServiceName], RestartOptions = RestartOptions())
    /// Send the signal to the main process of the replica, or of every replica of the service; nothing else changes.
    case signal(ServiceName, replica: Int?, Signal)
    /// Have so many replicas of the service, until the file, the autoscaler or somebody says otherwise.
    case scale(ServiceName, Int)
    /// Run that stack instead. What did not change is not touched. `atOnce`: what changed is stopped, then started.
    case apply(StackSpec, atOnce: Bool = false)
    /// Dropped where there is nothing that it could mean; the snapshot tells beforehand.
    case rollout(ServiceName, RolloutAction)
    /// Stop everything, then end. `immediately`: without hooks, drains and grace.
    case shutdown(immediately: Bool, grace: Duration? = nil)
}

/// Why services are restarted that do as they should.
public enum RestartMotive: Hashable, Sendable {
    case request
    /// So many files have changed that are watched for the service.
    case filesChanged(Int)
}

/// How services are restarted.
public struct RestartOptions: Hashable, Sendable {
    public var motive: RestartMotive
    /// How long each instance has to end, in place of its spec's grace period; nil is the spec's.
    public var grace: Duration?
    /// All instances are stopped, then started, without a rollout.
    public var atOnce: Bool
    /// The services' executables as they are now; those of services that are not named stay.
    public var executables: [ServiceName: ExecutableFile]

    public init(
        because motive: RestartMotive = .request, grace: Duration? = nil, atOnce: Bool = false,
        executables: [ServiceName: ExecutableFile] = [:]
    ) {
        self.motive = motive
        self.grace = grace
        self.atOnce = atOnce
        self.executables = executables
    }
}

/// Which of an instance's probes.
public enum ProbeRole: String, Hashable, Sendable, CaseIterable {
    case startup, readiness, liveness
}

/// One run of one probe; the number tells it from the runs before.
public struct ProbeRun: Hashable, Sendable {
    public var role: ProbeRole
    public var number: UInt32

    public init(role: ProbeRole, number: UInt32) {
        self.role = role
        self.number = number
    }
}

public enum ProbeOutcome: Hashable, Sendable {
    case passed
    /// With what was seen instead: `connection refused`, `HTTP status 503`.
    case failed(String)
}

public enum PreStopOutcome: Hashable, Sendable {
    case succeeded
    case failed(String)
}

/// A message of the sd_notify protocol, one case for each variable that means something here.
public enum Notification: Hashable, Sendable {
    case ready
    case reloading
    case stopping
    case watchdog
    /// WATCHDOG=trigger: it has found itself broken.
    case broken
    case status(String)
    /// EXTEND_TIMEOUT_USEC: the start or stop under way has at least so long from now.
    case extendTimeout(Duration)
}

public enum Observation: Hashable, Sendable {
    /// Its output cannot be written, and is dropped from now on.
    case outputDropping(why: String)
    /// Its output is written again; so much is missing.
    case outputResumed(droppedLines: Int, droppedBytes: Int)
    /// Something the host does not provide, with what is done instead.
    case degraded(String)
    /// A command that somebody has run beside it, or as a one-off instance of it, has begun or ended.
    case execution(String)
    /// What it uses grows for good, and will be more than it may.
    case growth(Growth)
    /// What was told of that is over.
    case growthEnded(Growth.Resource)
}
