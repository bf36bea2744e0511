/// Where a replica's deadlines stand in the one queue of the stack.
struct DeadlineSlots: Sendable {
    /// What a deadline is for. Each is of one replica, but for the last three, which are of a service.
    enum Kind: Int, CaseIterable {
        case startup, readiness, liveness
        /// The start's limit, then the limit of each phase of a stop.
        case phase
        case watchdog
        /// The replica has been ready for long enough to be forgiven its failures.
        case stable
        /// The delay before a restart is over.
        case backoff
        /// The listeners are tried again.
        case listeners
        /// The rollout is looked at again, or whether the revision has shown that it is good.
        case rollout
        /// The load is looked at again.
        case load

        var isOfService: Bool {
            switch self {
            case .startup, .readiness, .liveness, .phase, .watchdog, .stable, .backoff: false
            case .listeners, .rollout, .load: true
            }
        }
    }

    private let entity: Int

    /// The slots of the replica, or service, of that position in its table.
    init(of entity: Int) {
        self.entity = entity
    }

    init(containing slot: Int) {
        entity = slot / Kind.allCases.count
    }

    var position: Int { entity }

    static func kind(of slot: Int) -> Kind? {
        Kind(rawValue: slot % Kind.allCases.count)
    }

    subscript(kind: Kind) -> Int {
        entity * Kind.allCases.count + kind.rawValue
    }

    var phase: Int { self[.phase] }
    var watchdog: Int { self[.watchdog] }

    func probe(_ role: ProbeRole) -> Int {
        switch role {
        case .startup: self[.startup]
        case .readiness: self[.readiness]
        case .liveness: self[.liveness]
        }
    }
}
