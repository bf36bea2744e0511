import StackModel

/// One probe of one instance: when it runs, what its runs add up to.
///
/// | state   | begin → | deadline →                  | outcome → |
/// |---------|---------|-----------------------------|-----------|
/// | idle    | resting | –                           | dropped   |
/// | resting | –       | running                     | dropped   |
/// | running | –       | resting (a failure by time) | resting, or done where it is told once |
/// | done    | –       | –                           | dropped   |
struct ProbeMachine: Sendable {
    /// Where the probe stands.
    private enum State {
        /// It does not run: not yet, or not any more. → resting
        case idle
        /// Its next run starts at its deadline. → running, idle
        case resting
        /// A run is under way; its deadline is its timeout. → resting, done, idle
        case running(startedAt: Instant)
        /// A probe that is told once what it waits for was told. → idle
        case done
    }

    /// What a run, added to the ones before, says about the instance.
    enum Verdict: Hashable {
        case undecided
        /// The first failure after a pass, or of all, where it takes more of them to decide.
        case faltered(String)
        case succeeded
        case failed(String, times: Int)
    }

    let role: ProbeRole
    private(set) var spec: ProbeSpec
    private let instance: InstanceID
    private let slot: Int
    private var state = State.idle
    private(set) var number: UInt32
    private var passes = 0
    private var failures = 0
    private(set) var lastFailure: String?

    /// - Parameter number: that of the latest run in the role, if there was one before.
    init(role: ProbeRole, spec: ProbeSpec, instance: InstanceID, slot: Int, after number: UInt32 = 0) {
        self.number = number
        self.role = role
        self.spec = spec
        self.instance = instance
        self.slot = slot
    }

    /// It is not asked again and again but told once, by a line of the output. (A probe by READY=1 is no machine of its
    /// own: the instance knows of that message anyway.)
    private var isToldOnce: Bool {
        switch spec.handler {
        case .log, .notify: true
        case .exec, .http, .tcp, .unix, .grpc, .listening, .mcp: false
        }
    }

    /// The first run is due so long after the process was made.
    mutating func begin(spawnedAt: Instant, in context: inout Context) {
        guard case .idle = state else { return }
        state = .resting
        let due = spawnedAt.advanced(by: spec.initialDelay)
        if due <= context.now { startRun(in: &context) } else { context.deadlines[slot] = due }
    }

    mutating func end(in context: inout Context) {
        context.deadlines[slot] = nil
        if case .running = state { context.perform(.cancelProbe(instance, run)) }
        state = .idle
    }

    /// Its numbers are others from now on. Where it asks something else, what was found out so far is forgotten; the number
    /// of its runs goes on, so that a late answer is still seen as one.
    mutating func adopt(_ spec: ProbeSpec, in context: inout Context) {
        if spec.handler != self.spec.handler {
            end(in: &context)
            (passes, failures, lastFailure) = (0, 0, nil)
        }
        self.spec = spec
        passes = min(passes, spec.successThreshold)
    }

    mutating func deadlinePassed(in context: inout Context) -> Verdict {
        switch state {
        case .idle, .done:
            return .undecided
        case .resting:
            startRun(in: &context)
            return .undecided
        case .running(let startedAt):
            context.perform(.cancelProbe(instance, run))
            let seen = isToldOnce ? "nothing within \(pushLimit.text)" : "no answer within \(spec.timeout.text)"
            return conclude(.failed(seen), startedAt: startedAt, in: &context)
        }
    }

    mutating func finished(_ run: ProbeRun, _ outcome: ProbeOutcome, in context: inout Context) -> Verdict {
        guard run.number == number, case .running(let startedAt) = state else { return .undecided }
        return conclude(outcome, startedAt: startedAt, in: &context)
    }

    private var run: ProbeRun { ProbeRun(role: role, number: number) }

    /// How long a probe that is told once may wait: as long as its runs, were it asked, would take to fail.
    private var pushLimit: Duration { spec.period * spec.failureThreshold }

    private mutating func startRun(in context: inout Context) {
        number &+= 1
        state = .running(startedAt: context.now)
        if isToldOnce {
            context.deadlines[slot] = role == .startup ? context.now.advanced(by: pushLimit) : nil
        } else {
            context.deadlines[slot] = context.now.advanced(by: spec.timeout)
        }
        context.perform(.startProbe(instance, run))
    }

    private mutating func conclude(
        _ outcome: ProbeOutcome, startedAt: Instant, in context: inout Context
    ) -> Verdict {
        if isToldOnce {
            state = .done
            context.deadlines[slot] = nil
        } else {
            state = .resting
            context.deadlines[slot] = max(context.now, startedAt.advanced(by: spec.period))
        }
        switch outcome {
        case .passed:
            failures = 0
            lastFailure = nil
            passes = min(passes + 1, spec.successThreshold)
            return passes == spec.successThreshold || isToldOnce ? .succeeded : .undecided
        case .failed(let seen):
            passes = 0
            lastFailure = seen
            failures += 1
            if failures >= spec.failureThreshold || isToldOnce { return .failed(seen, times: failures) }
            return failures == 1 ? .faltered(seen) : .undecided
        }
    }
}
