import StackModel
import SupervisorCore

/// One seed's world, from its first moment to the end of its stack, and then its load trace.
public struct Simulation {
    /// How a world ended.
    public struct Outcome: Sendable {
        public var seed: UInt64
        public var steps: Int
        public var violation: Violation?
        /// Of all that happened.
        public var digest: UInt64

        mutating func add(_ other: Outcome) {
            steps += other.steps
            digest ^= other.digest
            violation = violation ?? other.violation
        }

        /// Another run of the seed must be the same.
        mutating func compare(with other: Outcome) {
            guard other.digest != digest || other.steps != steps else { return }
            violation = Violation(.determinism, at: .origin, "a second run of the seed differs")
        }
    }

    /// What is still to come.
    private enum Act {
        /// Things go wrong; after `until`, nothing has gone wrong for a while.
        case faults(until: Instant)
        /// Everything was asked to start, or to restart, and is to be there before the limit.
        case rising(limit: Instant, restartsLater: Bool)
        /// The stack was shut down, and is to have ended before the limit.
        case falling(limit: Instant)
        /// What was under way when the stack ended arrives.
        case after
    }

    private let seed: UInt64
    private var supervisor: Supervisor
    private var world: World
    private var judge: Judge
    private var act: Act
    private var effects: [Effect] = []
    private var digest = Digest()
    private var steps = 0
    private var timer: (deadline: Instant, firesAt: Instant)?
    private var tracing: Trace?
    /// The digest takes in the words of every event, which costs much more than the rest.
    private let isThorough: Bool
    private let bound: Duration
    /// What is started first.
    private let names: [ServiceName]

    /// How long after the healing what had gone wrong before may still have effects.
    private static let aftermath = Duration.seconds(60)
    private static let visitPeriod = Duration.seconds(20)
    /// No world has so many steps.
    private static let stepLimit = 200_000

    private init(seed: UInt64, isThorough: Bool, trace: Trace?) {
        var random = SplitMix64(seed: seed)
        var generator = StackGenerator(random: random.split())
        let stack = generator.stack()
        let plan = FaultPlan(for: stack, random: &random)
        let beginning = Beginning(for: stack, random: &random)
        let scales = plan.scales + beginning.restored.scales.map { ($0.key, $0.value.replicas) }
        let universe = Universe(plan.stacks, scales: scales, hasLastingFlaws: plan.flawsLast)
        self.seed = seed
        self.isThorough = isThorough
        tracing = trace
        let coreSeed = random.next()
        world = World(universe, plan: plan, random: random.split())
        supervisor = Supervisor(stack: stack, restoring: beginning.restored, seed: coreSeed)
        judge = Judge(universe, beginning)
        names = beginning.names
        bound = universe.longestUpheaval
        let quietFrom = plan.healsAt.advanced(by: Self.aftermath)
        if plan.ending == .everythingStarts {
            world.schedule(.visit, at: quietFrom)
            world.schedule(.order(FaultPlan.Order(time: quietFrom, command: .start([]))), at: quietFrom)
            act = .faults(until: quietFrom)
        } else {
            act = .falling(limit: plan.healsAt.advanced(by: bound))
        }
    }

    /// Plays the seed's world, then its load trace. `trace`: where a line for each step goes.
    public static func run(seed: UInt64, isThorough: Bool = false, trace: inout Trace?) -> Outcome {
        var simulation = Simulation(seed: seed, isThorough: isThorough, trace: trace)
        var violation: Violation?
        do {
            try simulation.play()
        } catch {
            violation = error
        }
        trace = simulation.tracing
        var outcome = Outcome(
            seed: seed, steps: simulation.steps, violation: violation, digest: simulation.digest.value)
        if violation == nil { outcome.add(ScalingWorld.run(seed: seed, trace: &trace)) }
        return outcome
    }

    /// Plays the seed's world twice if `isThorough`, to see whether it comes out the same.
    public static func run(seed: UInt64, isThorough: Bool = false) -> Outcome {
        var trace: Trace?
        var outcome = run(seed: seed, isThorough: isThorough, trace: &trace)
        guard isThorough, outcome.violation == nil else { return outcome }
        outcome.compare(with: run(seed: seed, isThorough: true, trace: &trace))
        return outcome
    }

    // MARK: Steps

    private mutating func play() throws(Violation) {
        supervisor.start(names, at: world.now, into: &effects)
        try conclude("start")
        while try step() {}
    }

    /// One event; false when nothing is left to come.
    private mutating func step() throws(Violation) -> Bool {
        steps += 1
        guard steps < Self.stepLimit else {
            throw judge.violation(.progress, "the world has had \(steps) steps")
        }
        setTimer()
        let happens = world.nextTime
        if let timer, timer.firesAt <= happens ?? timer.firesAt {
            world.pass(to: timer.firesAt)
            self.timer = nil
            try tell(.timePassed)
        } else if happens != nil {
            if let event = world.next(deadline: supervisor.nextDeadline) { try tellAmidDeadlines(event) }
            if world.isVisited { try visit() }
        } else if !isRising || !judge.told.isAsDesiredWherePossible {
            try judge.checkEnd()
            return false
        }
        return try proceed()
    }

    /// Whoever has paused a rollout, or has to decide about one, has it go on.
    private mutating func visit() throws(Violation) {
        world.endVisit(again: judge.hasStopped ? nil : Self.visitPeriod)
        judge.pass(to: world.now)
        for service in judge.told.services where service.rollouts.current?.standstill != nil {
            try tell(.command(.rollout(service.name, .resume)))
            try tell(.command(.rollout(service.name, .promote(fully: true))))
        }
    }

    private var isRising: Bool {
        if case .rising = act { true } else { false }
    }

    private mutating func setTimer() {
        guard let deadline = supervisor.nextDeadline else { return timer = nil }
        guard timer?.deadline != deadline else { return }
        timer = (deadline, max(world.now, deadline.advanced(by: world.timerDelay())))
    }

    /// What is overdue is served before the event, right after it, or when its timer fires.
    private mutating func tellAmidDeadlines(_ event: Event) throws(Violation) {
        guard isOverdue else { return try tell(event) }
        let order = world.random.below(3)
        if order == 0 { try tell(.timePassed) }
        try tell(event)
        if order == 1, isOverdue { try tell(.timePassed) }
    }

    private var isOverdue: Bool {
        supervisor.nextDeadline.map { $0 <= world.now } ?? false
    }

    private mutating func tell(_ event: Event) throws(Violation) {
        digest.add(world.now)
        if case .command(.apply(let stack, _)) = event, !judge.told.isShuttingDown {
            try judge.check(supervisor.plan(for: stack), for: stack)
        }
        try judge.take(event, at: world.now)
        supervisor.handle(event, at: world.now, into: &effects)
        try conclude(tracing == nil ? "" : event.summary, event)
    }

    /// Each is judged before what follows from it.
    private mutating func judgeDecisions(on event: Event) throws(Violation) {
        var names: [ServiceName] = []
        if case .loadMeasured(let name, _, _) = event, judge.awaitsDecision(name) { names.append(name) }
        if case .timePassed = event {
            for case .record(.scaled(let name, let scale?)) in effects where scale.rule == .autoscaler {
                names.append(name)
            }
        }
        guard !names.isEmpty else { return }
        let services = supervisor.snapshot().services
        for name in names {
            try judge.check(services.first { $0.name == name }?.scaling.decisions.first, of: name)
        }
    }

    private mutating func conclude(_ cause: String, _ event: Event? = nil) throws(Violation) {
        tracing?.append(cause, effects, at: world.now)
        if let event { try judgeDecisions(on: event) }
        for effect in effects {
            digest.add(effect)
            if isThorough { digest.addWords(effect) }
        }
        try judge.take(effects, nextDeadline: supervisor.nextDeadline)
        for effect in effects { world.carryOut(effect) }
        effects.removeAll(keepingCapacity: true)
        if isThorough || steps % 16 == 0 { try look() }
    }

    private func look() throws(Violation) {
        let snapshot = supervisor.snapshot()
        try judge.check(snapshot)
        guard isThorough else { return }
        for replica in snapshot.services.flatMap(\.replicas) {
            try judge.check(supervisor.explain(replica.id), of: replica)
        }
    }

    // MARK: Acts

    /// Goes on to the next act when this one has come to its end; false after the last.
    private mutating func proceed() throws(Violation) -> Bool {
        switch act {
        case .faults(let until):
            guard world.now >= until else { return true }
            act = .rising(limit: world.now.advanced(by: bound), restartsLater: world.random.chance(percent: 20))
            return try proceed()
        case .rising(let limit, let restartsLater):
            if try judge.hasRisen(by: limit) { try endRise(restartsLater: restartsLater) }
        case .falling(let limit):
            guard try judge.hasFallen(by: limit) else { return true }
            guard world.isEmpty else {
                throw judge.violation(.nothingLeft, "the stack is stopped, and processes live")
            }
            try look()
            act = .after
        case .after:
            return world.nextTime != nil
        }
        return true
    }

    /// All is up, which the core is to know; then it is brought down.
    private mutating func endRise(restartsLater: Bool) throws(Violation) {
        try look()
        try judge.checkQuiescent(supervisor.snapshot())
        guard supervisor.isReady == judge.told.isAsDesired else {
            throw judge.violation(.readiness, "whether all is up is not what the snapshot shows")
        }
        let limit = world.now.advanced(by: bound)
        if restartsLater {
            act = .rising(limit: limit, restartsLater: false)
            try tell(.command(.restart([])))
        } else {
            act = .falling(limit: limit)
            try tell(.command(.shutdown(immediately: false)))
        }
    }
}
