import StackModel
import SupervisorCore

/// What becomes of a service's revisions, as an observer knows it.
struct ToldRollouts {
    /// The one under way, or that stands still.
    struct Current {
        let number: Int
        let cause: RolloutCause
        /// It goes back because another has failed.
        var isRollback: Bool
        /// It leads back to what was good, maybe because somebody asked for that: it takes no steps.
        var isWayBack: Bool
        var standstill: Standstill?
        /// Anything was replaced.
        var hasBegun = false
        /// The step of its canary that was announced last, the first being 1, with when; nil before the first.
        var step: (number: Int, since: Instant)?
        /// It goes on after a failure, and its step is announced again.
        var repeatsStep = false
        /// Somebody has asked it to go on with its next step.
        var isPromoted = false
        /// Somebody has asked it to leave out all of its steps.
        var leavesOutSteps = false
        var analysis: ToldAnalysis?
        /// How long what it replaces has to end, where somebody said so.
        var grace: Duration?
    }

    enum Standstill: Hashable {
        /// At a pause of its steps, or because of somebody.
        case paused
        case failed
    }

    var current: Current?
    /// Those that may be needed again, as the core has told, the newest first.
    private(set) var kept: [ServiceRevision] = []
    /// By their numbers, which rise by one with each that counts.
    private(set) var revisions: [Int: ServiceRevision] = [:]
    private(set) var lastNumber = 0
    /// The numbers of those of which all replicas were available once, the latest last.
    var good: [Int] = []
    /// Where it was so only after the time that the core had been told of.
    var maybeGood: [Int] = []
    /// What counted before the rollout under way, and before those that it has taken over.
    var former: [ServiceRevision] = []
    /// What counts from now on, and is yet to be explained.
    var turn: ServiceRevision?
    /// A rollout of it is to begin in this step, for that.
    var expected: RolloutCause?
    /// One may begin.
    var allowed: RolloutCause?
    /// It goes back in this step, to that number.
    var goesBack: Int?
    /// Dependencies that were replaced in this step, and that it is to be restarted for.
    var owed: Set<ServiceName> = []
    /// It was replaced without a rollout, and what depends on it may be restarted when it is available.
    var isReplacedAtOnce = false
    /// The grace that was given with the latest restart.
    var grace: Duration?
    /// The highest epoch of its revisions.
    var lastEpoch = 0
    /// The verdicts that are to be told in this step.
    var verdicts: [MeasurementRecord.Verdict] = []
    /// How many instances beyond the wanted ones there are by the surge of this rollout, or of one that it took over.
    var excess = 0

    /// The newest of these counts from now on, under the next number, unless it is merely another form of the last one.
    mutating func keep(_ revisions: [ServiceRevision]) {
        defer { kept = revisions }
        guard let first = revisions.first else { return self = ToldRollouts() }
        guard first !== kept.first else { return }
        // The list has a bound, at which the oldest makes room.
        let hasMadeRoom = revisions.count > 1 && revisions[1] === kept.first
        if revisions.count > kept.count || hasMadeRoom { lastNumber += 1 }
        self.revisions[lastNumber] = first
        lastEpoch = max(lastEpoch, first.epoch)
    }

    /// The latest that was good and makes other instances than that one.
    func latestGood(but revision: ServiceRevision, among numbers: [Int]) -> Int? {
        numbers.sorted().last { number in
            revisions[number].map { !$0.makesWhat(revision) } ?? false
        }
    }

    mutating func note(good number: Int, isSure: Bool) {
        if !maybeGood.contains(number) { maybeGood.append(number) }
        if isSure, !good.contains(number) { good.append(number) }
    }
}

extension ServiceRevision {
    /// An instance of it need not be made anew for the other.
    func makesWhat(_ other: ServiceRevision) -> Bool {
        self === other || epoch == other.epoch && spec.becomes(other.spec)
    }
}
