import StackModel
import SupervisorCore

/// When the next runs of scheduled services are due. It reads no clock: whoever has one tells what it shows.
///
/// What the calendar clock shows may jump. Set forward past a due time, or slept over by the host, the run is due at
/// once, and once however many times were passed; set back, times of the day that have been do not count again, unless
/// it was by so much that it was a correction of a wrong clock (cron(8)).
struct DueTimes {
    /// What the two clocks show at one moment.
    struct Now {
        /// Seconds since 1970-01-01T00:00:00Z.
        var wall: Int64
        var instant: Instant
    }

    enum Moment: Hashable {
        /// Seconds since 1970-01-01T00:00:00Z.
        case wall(Int64)
        case instant(Instant)
    }

    /// A scheduled service as the core has it.
    struct Job: Hashable {
        var name: ServiceName
        var schedule: ScheduleSpec
        /// It is to run when it is due, and not stopped.
        var isWanted: Bool
        /// When the last run that the schedule did not begin was asked for.
        var lastRequest: Instant?
    }

    private struct Entry {
        var schedule: ScheduleSpec
        var next: Moment?
        /// The calendar clock when the last run was due; nil where there is none that counts.
        var lastDue: Int64?
        /// What the next interval begins with.
        var base: Instant
    }

    /// A clock that is set back by more seconds was wrong before.
    private static let largestChange: Int64 = 3 * 3600
    /// For what goes by the time that passes a clock is only put right by less.
    private static let largestAdjustment: Int64 = 60

    private var entries: [ServiceName: Entry] = [:]

    /// Nil: no run of the service will be due.
    func next(of name: ServiceName) -> Moment? { entries[name]?.next }

    var nextWall: Int64? {
        entries.values.compactMap { entry in
            guard case .wall(let time)? = entry.next else { return nil }
            return time
        }.min()
    }

    var nextInstant: Instant? {
        entries.values.compactMap { entry in
            guard case .instant(let time)? = entry.next else { return nil }
            return time
        }.min()
    }

    /// Takes over which services there are, and what is wanted of them.
    mutating func follow(_ jobs: [Job], at now: Now) {
        let known = entries
        entries = [:]
        for job in jobs {
            var entry = known[job.name] ?? Entry(schedule: job.schedule, base: now.instant)
            let isNew = entry.next == nil || entry.schedule != job.schedule
            entry.schedule = job.schedule
            if !job.isWanted {
                entry.next = nil
            } else if case .interval(let interval) = job.schedule.trigger {
                // One that had none begins with it; one whose interval changes goes on from its last run.
                if case .instant? = entry.next {} else { entry.base = now.instant }
                if let request = job.lastRequest { entry.base = max(entry.base, request) }
                entry.next = .instant(entry.base.advanced(by: interval))
            } else if isNew {
                entry.next = Self.nextWall(of: &entry, at: now)
            }
            entries[job.name] = entry
        }
    }

    /// The services of which a run is due, by their names; each is due once, however late it is. Also to be called when
    /// the calendar clock was set.
    mutating func takeDue(at now: Now) -> [ServiceName] {
        var due: [ServiceName] = []
        for name in entries.keys.sorted() {
            guard var entry = entries[name], entry.next != nil else { continue }
            if Self.isDue(&entry, at: now) { due.append(name) }
            entries[name] = entry
        }
        return due
    }

    private static func isDue(_ entry: inout Entry, at now: Now) -> Bool {
        switch (entry.next, entry.schedule.trigger) {
        case (.instant(let due)?, .interval(let interval)):
            guard due <= now.instant else { return false }
            // The pace is kept, but for what was missed altogether.
            let following = due.advanced(by: interval)
            entry.base = following > now.instant ? due : now.instant
            entry.next = .instant(entry.base.advanced(by: interval))
            return true
        case (.wall(let due)?, .cron):
            let isDue = due <= now.wall
            if isDue { entry.lastDue = now.wall }
            // The clock may have been set, so that another time is the next one.
            entry.next = nextWall(of: &entry, at: now)
            return isDue
        case (.instant?, .cron), (.wall?, .interval), (nil, _):
            return false
        }
    }

    private static func nextWall(of entry: inout Entry, at now: Now) -> Moment? {
        guard case .cron(let expression, let zone) = entry.schedule.trigger else { return nil }
        let largest = expression.matchesEveryHour ? largestAdjustment : largestChange
        if let last = entry.lastDue, last - now.wall > largest { entry.lastDue = nil }
        return expression.next(after: max(entry.lastDue ?? now.wall, now.wall), in: zone).map { .wall($0) }
    }
}

extension DueTimes.Job {
    /// Nil for a service that is not scheduled.
    init?(_ service: ServiceSnapshot) {
        guard let schedule = service.schedule else { return nil }
        self.init(
            name: service.name, schedule: schedule, isWanted: service.desired == .running,
            lastRequest: service.runs.first { $0.origin != .schedule }?.due)
    }
}
