import StackModel

/// The autoscaler of one service, with what it has decided and what it waits for.
struct Scaling: Sendable {
    /// What people are told when it changes.
    enum Situation: Hashable, Sendable {
        /// It goes by its load.
        case free
        /// No metric tells anything.
        case blind
        /// More are asked for than there may be, for what the limit of that code says.
        case held(String)
    }

    var autoscaler = Autoscaler()
    /// The newest first.
    private(set) var decisions: [ScalingDecision] = []
    /// The number of the latest question about the load, and of the latest that was answered.
    private(set) var asked: UInt64 = 0
    private var answered: UInt64 = 0
    /// The runner was told to say when somebody wants to connect.
    var awaitsConnection = false
    /// It comes up from none, and has not been ready since.
    var isWaking = false
    private(set) var situation = Situation.free
    /// When a decision last showed another situation than a free one.
    private var hinderedAt = Instant.origin
    /// The latest event about its situation.
    var lastEvent: StackEvent?

    static let keptDecisions = 16

    mutating func ask(_ run: UInt64) {
        asked = run
    }

    /// Whether that answer is news: any that is later than the latest, also where another question was asked since.
    mutating func isAnswered(by run: UInt64) -> Bool {
        guard run > answered, run <= asked else { return false }
        answered = run
        return true
    }

    /// What was asked is of no interest any more.
    mutating func forgetQuestions() {
        answered = asked
    }

    /// One that is as the one before, but for its time, takes its place.
    mutating func keep(_ decision: ScalingDecision) {
        if let last = decisions.first, last.isSame(as: decision) { decisions.removeFirst() }
        decisions.insert(decision, at: 0)
        if decisions.count > Self.keptDecisions { decisions.removeLast() }
    }

    /// A load that is about as much as there may be comes and goes: so long it must have been free for that to be told,
    /// unless there are more replicas for it.
    private static let calm = Duration.seconds(60)

    /// Notes the situation that the decision shows. True: it is another than before.
    mutating func note(_ decision: ScalingDecision, anyReady: Bool) -> Bool {
        guard let next = decision.situation(anyReady: anyReady) else { return false }
        if next != .free { hinderedAt = decision.time }
        let isCalm = decision.desired > decision.current || decision.time >= hinderedAt.advanced(by: Self.calm)
        guard next != situation, next != .free || isCalm else { return false }
        situation = next
        return true
    }
}

extension ScalingDecision {
    fileprivate func isSame(as other: ScalingDecision) -> Bool {
        var other = other
        other.time = time
        return self == other
    }

    /// What holds the number back though more are asked for.
    var hold: ScalingLimit? {
        limits.last { limit in
            switch limit {
            case .pressure, .memory, .overcommit: true
            case .maximum: recommendation != nil
            case .stabilization, .policy, .disabled, .minimum, .missingMetrics, .noMetrics, .notIdle: false
            }
        }
    }

    /// Nil where it says nothing: what has just started tells nothing yet.
    fileprivate func situation(anyReady: Bool) -> Scaling.Situation? {
        if limits.contains(.noMetrics) { return anyReady ? .blind : nil }
        return hold.map { .held($0.code) } ?? .free
    }
}
