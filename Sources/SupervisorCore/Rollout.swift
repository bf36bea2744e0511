import StackModel

/// One rollout of one service: where it stands, and what it does next.
///
/// | state       | obstacle | it is gone  | step, or all done       | time     | failure | resume      | promote     |
/// |-------------|----------|-------------|-------------------------|----------|---------|-------------|-------------|
/// | waiting     | –        | progressing | –                       | –        | failed  | –           | progressing |
/// | progressing | waiting  | –           | paused, analysing, over | failed   | failed  | –           | progressing |
/// | paused      | –        | –           | –                       | progressing | failed | –         | progressing |
/// | analysing   | –        | –           | progressing             | –        | failed  | –           | progressing |
/// | failed      | –        | –           | over                    | –        | –       | waiting     | –           |
///
/// A dash changes nothing. Promotion is past the present step. Where failures do not end it, none of this is failed.
///
/// Beside its state it can be held, by somebody or by an inconclusive analysis: then nothing of this happens until it is
/// resumed or promoted, and failures are only counted. A rollout ends when all wanted replicas are of its revision and
/// available, when another takes over, when it goes back, or when its service goes down.
struct Rollout: Sendable {
    /// Where it stands.
    enum State: Sendable {
        /// Something must come true before it replaces anything more. → progressing, failed
        case waiting
        /// It replaces, or waits for what it has replaced. → waiting, paused, analysing, failed
        case progressing
        /// It stands at a pause of its steps; without an end, until it is promoted. → progressing, failed
        case paused(until: Instant?)
        /// It stands at an analysis of its steps. → progressing, failed
        case analysing(Analysis)
        /// It stands still until somebody does something about it. → progressing
        case failed
    }

    /// What the rollout sees of its service.
    struct View: Sendable {
        var slots: [RolloutArithmetic.Slot]
        /// Instances beyond those of the slots and those beside them.
        var leaving: Int
        /// A new one is made, or not yet available.
        var isPending = false
        /// What is replaced still ends.
        var isDraining = false
        /// When the next of the new ones that are ready will have been so for long enough.
        var nextAvailable: Instant?
        var obstacle: Obstacle?

        var wanted: Int { slots.count }
        /// Those that are new, or have the new one beside them.
        var updated: Int { slots.count { $0.isUpdated || $0.incoming == .pending || $0.incoming == .available } }
        var available: Int { slots.count { $0.isUpdated && $0.isSound } }
        /// New ones that are available, those that do not have their place yet included.
        var come: Int { available + slots.count { $0.incoming == .available } }
        var isReplaced: Bool { available == wanted && slots.allSatisfy { $0.incoming == nil } }
    }

    /// What keeps new instances from being made.
    enum Obstacle: Hashable, Sendable {
        case wait(RolloutReason.Wait)
        case never(String, cause: EventID?)
    }

    /// What has failed, and the event that tells of it.
    struct Failure: Hashable, Sendable {
        var why: String
        var cause: EventID?
    }

    /// What is to be done next; after each the rollout is asked again, until it is nothing.
    enum Decision: Hashable, Sendable {
        case nothing
        case wait(RolloutReason.Wait)
        case move([RolloutArithmetic.Move])
        /// To be told: a step has begun.
        case step(Int, RolloutSpec.Step)
        case measure
        case fail(Failure)
        case noProgress
        case complete
    }

    /// What sets one rollout apart from others of its service.
    struct Origin: Sendable {
        var number: Int
        var cause: RolloutCause
        /// What it replaces, and what is made beyond the limits of its steps; nil where nothing was made of anything else.
        var former: ServiceRevision?
        /// All that it replaces and that listens elsewhere than its own revision, the newest first.
        var others: [ServiceRevision] = []
        /// It leads back to what was good: it has no steps to take.
        var isWayBack = false
        /// How long each instance has to end; nil is what its spec says.
        var grace: Duration?

        var isRollback: Bool {
            if case .rolledBack = cause { true } else { false }
        }
    }

    let origin: Origin
    let began: Instant
    var state = State.waiting
    /// How many of its steps are behind it.
    var step = 0
    /// The step that was told last.
    var toldStep: Int?
    var toldWait: RolloutReason.Wait?
    var isHeld = false
    /// Anything was replaced.
    var hasBegun = false
    /// Anything that served has lost its place, be it to an earlier one that this one has taken over from.
    var hasReplaced: Bool
    /// Failures do not end it any more: it is the way back, or goes on nevertheless.
    var ignoresFailures: Bool
    /// The listeners of its revision cannot be bound.
    var lacksListeners = false
    var failures = 0
    var lastFailure: Failure?
    var come = 0
    var progressedAt: Instant
    var delayedUntil: Instant
    var measurements: [MeasurementRecord] = []
    /// The latest event about it, the cause of what it does.
    var lastEvent: StackEvent

    static let keptMeasurements = 20

    init(_ origin: Origin, hasReplaced: Bool, event: StackEvent, at now: Instant) {
        self.origin = origin
        self.hasReplaced = hasReplaced
        began = now
        ignoresFailures = origin.isRollback
        progressedAt = now
        delayedUntil = now
        lastEvent = event
    }

    var number: Int { origin.number }

    /// Another service waits for its end.
    var isUnderWay: Bool {
        if case .failed = state { false } else { true }
    }
}

// MARK: - What can be read of it

extension Rollout {
    var phase: RolloutSnapshot.Phase {
        switch state {
        case .failed: .failed
        case _ where isHeld: .paused
        case .waiting: .waiting
        case .progressing: .progressing
        case .paused: .paused
        case .analysing: .analysing
        }
    }

    func snapshot(_ view: View, of service: Service) -> RolloutSnapshot {
        let steps = origin.isWayBack ? 0 : service.spec.rollout.steps.count
        return RolloutSnapshot(
            number: number, revision: service.spec.revision, cause: origin.cause, phase: phase,
            isHeld: isHeld, began: began,
            until: until(service.spec.rollout), step: min(step, steps), steps: steps, wanted: view.wanted,
            updated: view.updated, available: view.available, failures: failures, isRollback: origin.isRollback,
            reason: lastEvent.reason.description, measurements: measurements)
    }
}
