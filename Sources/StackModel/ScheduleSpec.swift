/// When a one-shot service runs by itself.
public struct ScheduleSpec: Hashable, Sendable {
    public enum Trigger: Hashable, Sendable {
        /// At the times of the wall clock in that zone which the expression matches.
        case cron(CronExpression, zone: ZoneRules)
        /// So long after the last run began.
        case interval(Duration)
    }

    /// What becomes of a run that is due while the one before still goes on (Kubernetes' `concurrencyPolicy`).
    public enum Overlap: String, Hashable, Sendable, CaseIterable {
        /// It is left out.
        case skip
        /// It begins when the one before has ended; one run waits at the most.
        case queue
        /// The one before is stopped.
        case replace
    }

    public var trigger: Trigger
    public var overlap: Overlap
    /// A run begins when the stack starts, too.
    public var runsOnStart: Bool
    /// How many runs that have ended are remembered.
    public var history: Int

    public init(trigger: Trigger, overlap: Overlap = .skip, runsOnStart: Bool = false, history: Int = 10) {
        self.trigger = trigger
        self.overlap = overlap
        self.runsOnStart = runsOnStart
        self.history = history
    }
}

extension ScheduleSpec.Trigger: CustomStringConvertible {
    /// For people: `0 3 * * * Europe/Zurich`, `every 15m`.
    public var description: String {
        switch self {
        case .cron(let expression, let zone): "\(expression) \(zone.name)"
        case .interval(let interval): "every \(interval.text)"
        }
    }
}
