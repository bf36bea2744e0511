import StackModel
import Testing

@testable import SupervisorCore

/// Which replicas may be replaced, as a table.
@Suite struct RolloutArithmeticTests {
    /// One situation. Slots, from the lowest index: `o` old and ready, `x` old and not, `n` new and available, `s` new and
    /// not yet; with a new one beside it that is `+` available or `-` not,
    /// or an obsolete one that is `R` ready or `r` not.
    struct Case: CustomTestStringConvertible {
        var slots: String
        var leaving = 0
        var surge: Quota = .count(1)
        var unavailable: Quota = .count(0)
        var limit = 100
        var mayBegin = true
        /// `p2`: in place; `s2`: one beside it; `e2`: the one beside it takes its place;
        /// `r2`: that goes.
        var moves: String

        var testDescription: String { "\(slots) leaving \(leaving) limit \(limit) → \(moves)" }
    }

    static let cases: [Case] = [
        // Start-first: one at a time, from the highest index.
        Case(slots: "oooo", moves: "s3"),
        Case(slots: "ooo o-", moves: ""),
        Case(slots: "ooo o+", moves: "e3"),
        // The old one still ends: it counts.
        Case(slots: "ooon", leaving: 1, moves: ""),
        Case(slots: "ooon", moves: "s2"),
        Case(slots: "nnnn", moves: ""),
        // Stop-first.
        Case(slots: "oooo", surge: .count(0), unavailable: .count(1), moves: "p3"),
        Case(slots: "ooos", surge: .count(0), unavailable: .count(1), moves: ""),
        Case(slots: "ooon", surge: .count(0), unavailable: .count(1), moves: "p2"),
        Case(slots: "o", surge: .count(0), unavailable: .count(1), moves: "p0"),
        // Both zero means one unavailable.
        Case(slots: "oo", surge: .count(0), unavailable: .count(0), moves: "p1"),
        // Shares: surge is rounded up, unavailable down.
        Case(slots: "oooo", surge: .percent(25), unavailable: .percent(25), moves: "s3 p2"),
        Case(slots: "ooo", surge: .percent(25), unavailable: .percent(25), moves: "s2"),
        Case(slots: "ooo", surge: .percent(0), unavailable: .percent(25), moves: "p2"),
        Case(slots: "oooo", surge: .percent(100), unavailable: .count(0), moves: "s3 s2 s1 s0"),
        Case(slots: "oooo", surge: .count(0), unavailable: .percent(100), moves: "p3 p2 p1 p0"),
        // What serves nobody goes first, in place, and all of it.
        Case(slots: "oxox", moves: "p3 p1 s2"),
        Case(slots: "xxxx", moves: "p3 p2 p1 p0"),
        // A ready one is not taken away for what has come elsewhere while another is not ready.
        Case(slots: "xoo o+", surge: .count(2), moves: "p0 s2"),
        Case(slots: "xo+oo", surge: .count(2), moves: "p0 s3"),
        // What is not ready can always give its place up.
        Case(slots: "oox+", moves: "e2"),
        // What was to come before a change of mind goes, unless it is needed in place of another until then.
        Case(slots: "oooR", moves: "r2"),
        Case(slots: "ooor", moves: "r2"),
        Case(slots: "xooR", moves: "p0"),
        Case(slots: "xooR", surge: .count(2), unavailable: .count(1), moves: "r2 p0 s1"),
        Case(slots: "sooR", mayBegin: false, moves: ""),
        Case(slots: "nnnR", mayBegin: false, moves: "r2"),
        // Canaries.
        Case(slots: "oooo", limit: 0, moves: ""),
        Case(slots: "oooo", surge: .count(2), limit: 1, moves: "s3"),
        Case(slots: "xxon", limit: 2, moves: "p1"),
        Case(slots: "ooo o-", surge: .count(2), limit: 1, moves: ""),
        Case(slots: "nnoo", limit: 1, moves: ""),
        // While nothing may begin, what has come still takes its place.
        Case(slots: "xo o+", mayBegin: false, moves: ""),
        Case(slots: "oo o+", mayBegin: false, moves: "e2"),
        Case(slots: "oxoo", mayBegin: false, moves: ""),
        Case(slots: "", moves: ""),
    ]

    @Test(arguments: cases)
    func theMovesAreThese(_ situation: Case) {
        var slots: [RolloutArithmetic.Slot] = []
        for letter in situation.slots {
            switch letter {
            case "o": slots.append(.init(isUpdated: false, isSound: true))
            case "x": slots.append(.init(isUpdated: false, isSound: false))
            case "n": slots.append(.init(isUpdated: true, isSound: true))
            case "s": slots.append(.init(isUpdated: true, isSound: false))
            case "+": slots[slots.count - 1].incoming = .available
            case "-": slots[slots.count - 1].incoming = .pending
            case "R": slots[slots.count - 1].incoming = .obsolete(isReady: true)
            case "r": slots[slots.count - 1].incoming = .obsolete(isReady: false)
            default: break
            }
        }
        let arithmetic = RolloutArithmetic(
            wanted: slots.count,
            pace: .init(maxSurge: situation.surge, maxUnavailable: situation.unavailable))
        let moves = arithmetic.moves(
            slots: slots, leaving: situation.leaving, limit: situation.limit, mayBegin: situation.mayBegin)
        let words = moves.map { move in
            switch move {
            case .replaceInPlace(let slot): "p\(slot)"
            case .surge(let slot): "s\(slot)"
            case .exchange(let slot): "e\(slot)"
            case .retract(let slot): "r\(slot)"
            }
        }
        #expect(words.joined(separator: " ") == situation.moves)
    }
}
