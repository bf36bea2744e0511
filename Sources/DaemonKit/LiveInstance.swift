import LinuxRuntime
import StackModel
import SupervisorCore

/// Everything that the runtime holds for one instance, from the order to spawn it until it is released.
final class LiveInstance {
    let id: InstanceID
    let replica: ReplicaID
    /// Tells it from the replica's other instances, and goes to another when it is gone.
    let lane: Int
    /// What is asked of it; it may be newer than what it was made of.
    private(set) var revision: ServiceRevision
    let context: Template.Context
    /// What its main process was made of; its probes and hooks are made of the same.
    let request: SpawnRequest
    let containment: any Containment
    let output: InstanceOutput
    let notifySocket: NotifySocket?
    /// A standard input that stays open and empty.
    var standardInput: Pipe?
    /// Its main process, once it is spawned.
    var process: WatchedProcess?
    /// Its processes have been told to die, and so will whatever joins them.
    var isBeingKilled = false
    /// Runs under way, by role.
    var probes: [ProbeRole: (run: ProbeRun, task: ProbeTask)] = [:]
    /// How many runs of its probes there were, and how many failed.
    private(set) var probeRuns = (all: 0, failed: 0)
    /// When that was.
    private(set) var startedAt = MonotonicTime.now
    var memoryKills = MemoryKills()
    /// Its `pre_stop` command, while that runs.
    var preStop: WatchedProcess?
    /// What its `log` probes look for, by role.
    private(set) var logWatches: [ProbeRole: LogWatch] = [:]

    init(
        id: InstanceID, replica: ReplicaID, lane: Int, revision: ServiceRevision, context: Template.Context,
        request: SpawnRequest, containment: any Containment, output: InstanceOutput, notifySocket: NotifySocket?
    ) {
        self.id = id
        self.replica = replica
        self.lane = lane
        self.revision = revision
        self.context = context
        self.request = request
        self.containment = containment
        self.output = output
        self.notifySocket = notifySocket
    }

    var spec: ServiceSpec { revision.spec }

    /// Has what is asked of it be what that revision says.
    func adopt(_ revision: ServiceRevision) {
        self.revision = revision
    }

    func noteProbe(hasPassed: Bool) {
        probeRuns.all += 1
        if !hasPassed { probeRuns.failed += 1 }
    }

    /// Has every line of its output looked at from now on.
    func watchLog(for role: ProbeRole, _ pattern: LogPattern) {
        logWatches[role] = LogWatch(pattern, on: output)
    }

    var standardInputDescriptor: Int32? { standardInput?.reader.number }
}
