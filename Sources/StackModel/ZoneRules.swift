/// A time zone: how far its wall clock is from UTC, and when that changes.
public struct ZoneRules: Hashable, Sendable {
    /// From a time on, the wall clock is so far from UTC.
    struct Transition: Hashable, Sendable {
        /// Seconds since 1970-01-01T00:00:00Z.
        var time: Int64
        /// Seconds east of Greenwich.
        var offset: Int64
    }

    /// A time in which the offset stays the same.
    struct Period: Hashable, Sendable {
        /// Nil where it has no beginning.
        var start: Int64?
        /// The offset of the period before; its own where there is none.
        var previousOffset: Int64
        var offset: Int64
        /// What it ends with; nil where it has no end.
        var next: Transition?
    }

    /// As in the tz database, `Europe/Zurich`; or `UTC`.
    public let name: String
    private let firstOffset: Int64
    /// In the order of their times.
    private let transitions: [Transition]
    /// What holds after the last transition.
    private let rule: DaylightRule?

    public static let utc = ZoneRules(name: "UTC", firstOffset: 0, transitions: [], rule: nil)

    init(name: String, firstOffset: Int64, transitions: [Transition], rule: DaylightRule?) {
        self.name = name
        self.firstOffset = firstOffset
        self.transitions = transitions
        self.rule = rule
    }

    /// How far the wall clock is from UTC, in seconds east of Greenwich.
    ///
    /// - Parameter time: seconds since 1970-01-01T00:00:00Z.
    public func offset(at time: Int64) -> Int64 { period(at: time).offset }

    func period(at time: Int64) -> Period {
        guard let rule, time >= transitions.last?.time ?? .min else {
            return Self.period(at: time, among: transitions[...], after: firstOffset)
        }
        let last = transitions.last
        let year = CivilDate(daysSinceEpoch: time.flooredQuotient(by: 86_400)).year
        // The year before has a change that is past at any time of this one, and the year after one that is to come.
        let changes = (year - 1...year + 1).flatMap(rule.transitions).filter { $0.time > last?.time ?? .min }
        let first = transitions.dropLast().last?.offset ?? (last == nil ? rule.standard : firstOffset)
        return Self.period(at: time, among: (transitions.suffix(1) + changes)[...], after: first)
    }

    private static func period(
        at time: Int64, among transitions: ArraySlice<Transition>, after firstOffset: Int64
    ) -> Period {
        var (low, high) = (transitions.startIndex, transitions.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        let next = low < transitions.endIndex ? transitions[low] : nil
        guard low > transitions.startIndex else {
            return Period(start: nil, previousOffset: firstOffset, offset: firstOffset, next: next)
        }
        let current = transitions[low - 1]
        let previous = low - 1 > transitions.startIndex ? transitions[low - 2].offset : firstOffset
        return Period(start: current.time, previousOffset: previous, offset: current.offset, next: next)
    }
}
