import StackModel
import SupervisorCore

extension Told {
    struct Service {
        let name: ServiceName
        /// The one that its instances should be of. Shared, for it is large and a service is often copied.
        var revision: ServiceRevision
        /// It is in the stack file.
        var isListed: Bool
        /// How many replicas somebody asked for, or its load does.
        var scale: Scale?
        /// The slots that are wanted, in their order; as many as `wanted`.
        var wantedReplicas: [Int]
        var dependencies: [(service: Int, condition: DependencySpec.Condition)] = []
        /// Those that depend on it in any of the world's stack files.
        var dependents: [Int] = []
        /// Its slots, as many as it may ever have; right after them comes a place for each for what is to replace it.
        let replicas: Range<Int>
        var runs = ToldRuns()
        var rollouts = ToldRollouts()
        /// Somebody wants it to run.
        var isDesired = true
        /// It was told to stop or to restart at once, and has not come to the end of that.
        var isGoingDown = false
        /// It comes up again when it is down.
        var isRestarting = false
        var listeners = ToldListeners()

        var spec: ServiceSpec { revision.spec }
        var isScheduled: Bool { spec.schedule != nil }
        var wanted: Int { scale?.replicas ?? spec.replicas }
        /// The slots that are not wanted.
        var surplus: [Int] { replicas.filter { !wantedReplicas.contains($0) } }
        /// The slots, then the places beside them.
        var rows: Range<Int> { replicas.lowerBound..<replicas.upperBound + replicas.count }

        /// The place beside a slot.
        func place(beside slot: Int) -> Int { slot + replicas.count }

        /// The slot that a row is of, which may be the row itself.
        func slot(of row: Int) -> Int { row < replicas.upperBound ? row : row - replicas.count }

        init(name: ServiceName, revision: ServiceRevision, isListed: Bool, scale: Scale?, replicas: Range<Int>) {
            self.name = name
            self.revision = revision
            self.isListed = isListed
            self.scale = revision.spec.isAutoscaled || scale?.rule == .manual ? scale : nil
            self.replicas = replicas
            wantedReplicas = Array(replicas.prefix(self.scale?.replicas ?? revision.spec.replicas))
        }

        mutating func hasComeDown() {
            isGoingDown = false
            isRestarting = false
        }
    }

    /// One row of the table: a slot, or the place beside it.
    struct Replica {
        let id: ReplicaID
        let service: Int
        /// Its instance, from the order to make it to its release.
        var instance: ToldInstance?
        /// What its latest instance was made of, or has taken over.
        var revision: ServiceRevision?
        /// Its last instance ended well, and that was its aim.
        var hasCompleted = false
        /// It has taken the place of another, as far as can be known: nobody has said so.
        var cameUntold = false
        var afresh = Afresh.no
        var restarts = RestartLedger()
        var last = Last()
    }

    /// Whether a start was asked for while the instance was ending, so that what follows it begins afresh.
    enum Afresh {
        case no
        /// What was named needs its service, and that begins anew if one of its replicas had failed.
        case maybe
        case yes
    }

    /// What is to be known of the instance before.
    struct Last {
        var wasReady = false
        /// It could not be made, for a reason that is the host's.
        var isHostsFault = false
        /// That of the spec that it had.
        var restart: RestartSpec?
    }
}
