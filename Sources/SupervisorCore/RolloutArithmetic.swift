import StackModel

/// Which replicas a rollout may replace at one moment, by the arithmetic of Kubernetes' Deployment.
///
/// Two bounds hold at all times: there are no more instances than wanted and `surge`, those that still end included; and
/// nothing that is ready is taken away if fewer than wanted less `unavailable` would stay.
struct RolloutArithmetic: Hashable, Sendable {
    /// One wanted slot of the service, as far as it matters here.
    struct Slot: Hashable, Sendable {
        /// What runs, or will run, for it is of the new revision.
        var isUpdated = false
        /// It takes work; a new one only once it has done so for long enough.
        var isSound = false
        /// The new one beside it, where there is one.
        var incoming: Incoming?
    }

    enum Incoming: Hashable, Sendable {
        case pending, available
        /// It is of a revision that was to come, and is not to come any more.
        case obsolete(isReady: Bool)
    }

    /// What to do with the slot of that index.
    enum Move: Hashable, Sendable {
        /// End its instance; the next one is new.
        case replaceInPlace(Int)
        /// Make a new one beside it.
        case surge(Int)
        /// The new one beside it takes its place.
        case exchange(Int)
        /// End the obsolete one beside it.
        case retract(Int)

        /// What the slot has had loses its place.
        var replaces: Bool {
            switch self {
            case .replaceInPlace, .exchange: true
            case .surge, .retract: false
            }
        }
    }

    let wanted: Int
    let surge: Int
    let unavailable: Int

    init(wanted: Int, pace: RolloutSpec.Pace) {
        self.wanted = wanted
        surge = pace.maxSurge.roundedUp(of: wanted)
        let down = pace.maxUnavailable.roundedDown(of: wanted)
        unavailable = surge == 0 && down == 0 ? 1 : down
    }

    /// - Parameters:
    ///   - slots: as many as are wanted.
    ///   - leaving: instances beyond those of the slots and those beside them.
    ///   - limit: how many slots may be new.
    ///   - mayBegin: whether anything more may be replaced now.
    func moves(slots: [Slot], leaving: Int, limit: Int, mayBegin: Bool) -> [Move] {
        var sound = slots.count { $0.isSound } + slots.count { $0.incoming?.isSound ?? false }
        var moves: [Move] = []
        for (index, slot) in slots.enumerated() {
            let move: (Move, takesSound: Bool)
            switch slot.incoming {
            case nil, .pending: continue
            case .available: move = (.exchange(index), slot.isSound)
            case .obsolete(let isReady): move = (.retract(index), isReady)
            }
            guard !move.takesSound || sound > wanted - unavailable else { continue }
            if move.takesSound { sound -= 1 }
            moves.append(move.0)
        }
        guard mayBegin else { return moves }
        var instances = slots.count + slots.count { $0.incoming != nil } + leaving
        var updated = slots.count { $0.isUpdated || $0.incoming == .pending || $0.incoming == .available }
        let old = slots.indices.reversed().filter { !slots[$0].isUpdated && slots[$0].incoming == nil }
        // What serves nobody can go at once.
        for index in old where !slots[index].isSound && updated < limit {
            updated += 1
            moves.append(.replaceInPlace(index))
        }
        for index in old where slots[index].isSound && updated < limit {
            if instances < wanted + surge {
                instances += 1
                moves.append(.surge(index))
            } else if sound > wanted - unavailable {
                sound -= 1
                moves.append(.replaceInPlace(index))
            } else {
                break
            }
            updated += 1
        }
        return moves
    }
}

extension RolloutArithmetic.Incoming {
    fileprivate var isSound: Bool {
        switch self {
        case .pending: false
        case .available: true
        case .obsolete(let isReady): isReady
        }
    }
}
