import StackModel
import SupervisorCore

/// What really runs of one instance.
struct Process {
    enum Main {
        /// It is being made. → running, gone
        case spawning
        /// → gone
        case running
        case gone
    }

    let id: InstanceID
    let replica: ReplicaID
    let service: Int
    /// What it was made of, or has taken over since.
    var revision: ServiceRevision
    var main = Main.spawning
    /// What goes wrong with it, from its birth until the world heals.
    var faults: FaultSet = []
    /// Processes that the main one started and that go on without it.
    var leftovers = 0
    var isHookRunning = false
    var hasSaidReady = false
    /// The end that its fate had in store was called off, because the world healed.
    var isSpared = false
    /// Runs that wait for a line that it has not written.
    var unansweredRuns: [ProbeRun] = []

    init(_ id: InstanceID, _ replica: ReplicaID, service: Int, _ revision: ServiceRevision) {
        self.id = id
        self.replica = replica
        self.service = service
        self.revision = revision
    }

    var spec: ServiceSpec { revision.spec }

    /// What runs beside the main process.
    var hasCompany: Bool { leftovers > 0 || isHookRunning }

    var isAlive: Bool {
        switch main {
        case .running: true
        case .spawning, .gone: hasCompany
        }
    }
}
