import StackModel

/// The runs of a scheduled service: the one under way, the one that waits for its end, and the latest that ended.
struct RunBook: Sendable {
    /// Its replicas run, or wait for what they need.
    private(set) var current: JobRun?
    /// It begins when the one under way has ended; there is none without one.
    private(set) var queued: JobRun?
    /// The latest first.
    private(set) var ended: [JobRun] = []
    /// The one under way is being stopped, for the queued one to take its place.
    private(set) var isReplacing = false
    /// A run has succeeded since the service was last told to go down.
    var hasSucceeded = false

    /// What becomes of a run that is due.
    enum Admission: Hashable {
        case begins
        case waits
        /// It waits, and the one under way is to be stopped. `another`: one that waited already never begins.
        case replaces(another: Bool)
        case isSkipped(String)
    }

    /// The newest first, those without an outcome included.
    var all: [JobRun] {
        [queued, current].compactMap { $0 } + ended
    }

    mutating func admit(_ run: JobRun, by schedule: ScheduleSpec) -> Admission {
        guard current != nil else {
            current = run
            return .begins
        }
        switch schedule.overlap {
        case .skip:
            return skip(run, "the one before goes on", keeping: schedule.history)
        case .queue:
            guard queued == nil else { return skip(run, "another waits already", keeping: schedule.history) }
            queued = run
            return .waits
        case .replace:
            let former = queued
            if let former {
                end(former, .skipped("a newer one took its place"), at: run.due, keeping: schedule.history)
            }
            queued = run
            isReplacing = true
            return .replaces(another: former != nil)
        }
    }

    /// A run that cannot begin at all.
    mutating func skip(_ run: JobRun, _ why: String, keeping history: Int) -> Admission {
        end(run, .skipped(why), at: run.due, keeping: history)
        return .isSkipped(why)
    }

    /// The run under way has ended; the one that waited is under way now.
    mutating func conclude(_ outcome: JobRun.Outcome, at now: Instant, keeping history: Int) {
        guard let current else { return }
        end(current, outcome, at: now, keeping: history)
        if case .succeeded = outcome { hasSucceeded = true }
        self.current = queued
        queued = nil
        isReplacing = false
    }

    /// What waits will not begin: the service is to stop.
    mutating func dropQueued(at now: Instant, keeping history: Int) {
        guard let queued else { return }
        end(queued, .stopped, at: now, keeping: history)
        self.queued = nil
    }

    private mutating func end(_ run: JobRun, _ outcome: JobRun.Outcome, at now: Instant, keeping history: Int) {
        var run = run
        run.ended = now
        run.outcome = outcome
        ended.insert(run, at: 0)
        keep(history)
    }

    /// Forgets the oldest of those that have ended, where there are more; those that never began before those that did,
    /// or a run that takes long would leave no trace of the ones before it.
    mutating func keep(_ history: Int) {
        while ended.count > history {
            ended.remove(at: ended.lastIndex { !$0.hasBegun } ?? ended.count - 1)
        }
    }
}

extension JobRun {
    fileprivate var hasBegun: Bool {
        if case .skipped? = outcome { false } else { true }
    }
}
