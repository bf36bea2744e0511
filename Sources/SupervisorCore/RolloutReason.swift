public import StackModel

/// What happens to a rollout, and to replicas by it.
public enum RolloutReason: Hashable, Sendable {
    case began(number: Int, Revision, RolloutCause)
    case waits(Wait)
    /// A step of its canary begins; the first is 1.
    case step(Int, of: Int, RolloutSpec.Step)
    case paused(Pause)
    case resumed
    case promoted(fully: Bool)
    case measured(metric: String, Measurement.Value, MeasurementRecord.Verdict)
    /// Told of the one that has failed; what is done about it follows.
    case failed(number: Int, why: String, Consequence)
    /// The revision of a former number comes back, under a new one.
    case rollbackBegan(from: Int, to: Int, number: Int)
    case completed(number: Int)
    case rolledBack(from: Int, number: Int)
    case superseded(number: Int, by: Int)
    /// The service is stopped, and what it was to become it is when it starts.
    case ended(number: Int)
    /// What runs for the replica is replaced by an instance of the revision of that number.
    case replaced(by: Int)

    /// What a rollout waits for before it replaces anything more.
    public enum Wait: Hashable, Sendable {
        case rollout(of: ServiceName)
        case dependency(ServiceName)
        case listeners
    }

    public enum Pause: Hashable, Sendable {
        /// One of its steps; nil is without end.
        case step(Duration?)
        case request
        case inconclusive(String)
    }

    /// What becomes of a rollout that has failed.
    public enum Consequence: Hashable, Sendable {
        case goesBack(to: Int)
        case standsStill
        /// It would go back, and there is nothing good to go back to.
        case nothingToGoBackTo
        case goesOn
    }
}

extension RolloutReason {
    /// A stable word for programs.
    public var code: String {
        switch self {
        case .began: "rollout_began"
        case .waits: "rollout_waiting"
        case .step: "rollout_step"
        case .paused: "rollout_paused"
        case .resumed: "rollout_resumed"
        case .promoted: "rollout_promoted"
        case .measured: "rollout_analysis"
        case .failed: "rollout_failed"
        case .rollbackBegan: "rollback_began"
        case .completed: "rollout_completed"
        case .rolledBack: "rolled_back"
        case .superseded: "rollout_superseded"
        case .ended: "rollout_ended"
        case .replaced: "replaced"
        }
    }
}

extension RolloutReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .began(let number, let revision, let cause):
            "its replicas are replaced by revision \(revision) (number \(number)): \(cause)"
        case .waits(.rollout(let name)): "its rollout waits for that of \(name), which it depends on"
        case .waits(.dependency(let name)): "its rollout waits for \(name), which it depends on"
        case .waits(.listeners): "its rollout waits for its listeners to be bound"
        case .step(let step, let steps, let what): "step \(step) of \(steps) of its rollout: \(what.text)"
        case .paused(.step(let period)):
            "its rollout pauses " + (period.map { "for \($0.approximateText)" } ?? "until it is promoted")
        case .paused(.request): "its rollout is paused, as was asked for"
        case .paused(.inconclusive(let why)): "its rollout pauses, for somebody to decide: \(why)"
        case .resumed: "its rollout goes on"
        case .promoted(let fully): "its rollout is promoted" + (fully ? ", past all of its steps" : "")
        case .measured(let metric, let value, let verdict): "\(metric) is \(value): \(verdict.rawValue)"
        case .failed(let number, let why, let consequence):
            "its rollout to number \(number) has failed: \(why); \(consequence)"
        case .rollbackBegan(let failed, let good, let number):
            "it goes back from number \(failed) to what number \(good) was, as number \(number)"
        case .completed(let number): "its rollout to number \(number) is complete"
        case .rolledBack(let failed, let number):
            "it has gone back: what number \(failed) had replaced is in place again, as number \(number)"
        case .superseded(let number, let next): "its rollout to number \(number) is taken over by number \(next)"
        case .ended(let number): "its rollout to number \(number) ends: the service goes down"
        case .replaced(let number): "is replaced by revision number \(number)"
        }
    }
}

extension RolloutReason.Consequence: CustomStringConvertible {
    public var description: String {
        switch self {
        case .goesBack(let number): "it goes back to what number \(number) was"
        case .standsStill: "it stands still until it is resumed, undone or changed"
        case .nothingToGoBackTo: "there is no good revision to go back to, and it stands still"
        case .goesOn: "it goes on nevertheless"
        }
    }
}

extension RolloutCause: CustomStringConvertible {
    public var description: String {
        switch self {
        case .started: "it starts"
        case .restartRequested: "restart was asked for"
        case .filesChanged(let count): "\(count) of its watched files ha\(count == 1 ? "s" : "ve") changed"
        case .changed: "it has changed in the stack file"
        case .dependencyReplaced(let name): "\(name), which it depends on, was replaced"
        case .undone(let number): "going back to number \(number) was asked for"
        case .rolledBack(let number): "the rollout to number \(number) has failed"
        }
    }
}

extension Measurement.Value: CustomStringConvertible {
    public var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .none: "without a value"
        case .failed(let why): "not to be had (\(why))"
        }
    }
}

extension RolloutSpec.Step {
    /// For people: `1 replica`, `25% of the replicas`, `a pause of 1m`, `an analysis of error_rate`.
    fileprivate var text: String {
        switch self {
        case .replicas(.count(let count)): "\(count) replica\(count == 1 ? "" : "s")"
        case .replicas(.percent(let percent)): "\(percent)% of the replicas"
        case .pause(nil): "a pause until it is promoted"
        case .pause(let period?): "a pause of \(period.text)"
        case .analysis(let spec): "an analysis of " + spec.metrics.map(\.name).joined(separator: ", ")
        }
    }
}
