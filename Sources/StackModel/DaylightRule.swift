/// The value of a POSIX `TZ` variable, as the footer of a TZif file has it: `CET-1CEST,M3.5.0,M10.5.0/3`.
///
/// Source: POSIX.1-2017, 8.3, with the longer times of RFC 9636, section 3.3.1.
struct DaylightRule: Hashable, Sendable {
    /// A day of every year, and the seconds from its beginning by the wall clock that ends there.
    struct Change: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// `J60`: 1 to 365, without the 29th of February.
            case withoutLeapDay(Int64)
            /// `59`: 0 to 365.
            case ofYear(Int64)
            /// `M3.5.0`: that day of the week (Sunday is 0) in that week of the month; the fifth is the last one.
            case ofWeek(month: Int64, week: Int64, weekday: Int64)
        }

        var day: Day
        var time: Int64
    }

    struct Daylight: Hashable, Sendable {
        var offset: Int64
        var start: Change
        var end: Change
    }

    /// Seconds east of Greenwich.
    var standard: Int64
    /// Nil where the clock is never changed.
    var daylight: Daylight?

    /// The changes of a year, in the order of their times.
    func transitions(in year: Int64) -> [ZoneRules.Transition] {
        guard let daylight else { return [] }
        let start = ZoneRules.Transition(time: daylight.start.time(in: year) - standard, offset: daylight.offset)
        let end = ZoneRules.Transition(time: daylight.end.time(in: year) - daylight.offset, offset: standard)
        return start.time < end.time ? [start, end] : [end, start]
    }
}

extension DaylightRule.Change {
    /// In seconds since 1970-01-01T00:00:00 of the wall clock.
    fileprivate func time(in year: Int64) -> Int64 {
        let newYear = CivilDate.days(toYear: year, month: 1)
        let days: Int64
        switch day {
        case .withoutLeapDay(let number):
            days = newYear + number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
        case .ofYear(let number):
            days = newYear + number
        case .ofWeek(let month, let week, let weekday):
            let first = CivilDate.days(toYear: year, month: month)
            let inFirstWeek = (weekday - CivilDate.weekday(ofDay: first)).flooredRemainder(by: 7)
            let inMonth = inFirstWeek + (week - 1) * 7
            days = first + (inMonth < CivilDate.days(inMonth: month, of: year) ? inMonth : inMonth - 7)
        }
        return days * 86_400 + time
    }
}

extension DaylightRule {
    /// Nil where the text is no such value.
    init?(text: some Sequence<UInt8>) {
        var reader = RuleReader(bytes: Array(text))
        guard reader.name(), let west = reader.time(hours: 24) else { return nil }
        standard = -west
        guard !reader.isAtEnd else { return }
        guard reader.name() else { return nil }
        var offset = standard + 3600
        if !reader.isNext(UInt8(ascii: ",")) {
            guard let west = reader.time(hours: 24) else { return nil }
            offset = -west
        }
        guard let start = reader.change(), let end = reader.change(), reader.isAtEnd else { return nil }
        daylight = Daylight(offset: offset, start: start, end: end)
    }
}

/// Takes the parts of such a value off its front.
private struct RuleReader {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }

    func isNext(_ byte: UInt8) -> Bool { position < bytes.count && bytes[position] == byte }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard isNext(byte) else { return false }
        position += 1
        return true
    }

    /// `CET` or `<+0330>`; what it is called is of no use here.
    mutating func name() -> Bool {
        let start = position
        if skip(UInt8(ascii: "<")) {
            guard let end = bytes[position...].firstIndex(of: UInt8(ascii: ">")) else { return false }
            position = end + 1
        } else {
            while position < bytes.count, (0x41...0x5A).contains(bytes[position] & 0xDF) { position += 1 }
        }
        return position - start >= 3
    }

    private mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
        var value: Int64 = 0
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]), position - start < 3 {
            value = value * 10 + Int64(bytes[position] - 0x30)
            position += 1
        }
        return position > start && range.contains(value) ? value : nil
    }

    /// The seconds of `[+-]hh[:mm[:ss]]`.
    mutating func time(hours: Int64) -> Int64? {
        let sign: Int64 = skip(UInt8(ascii: "-")) ? -1 : 1
        if sign > 0 { _ = skip(UInt8(ascii: "+")) }
        guard var seconds = number(0...hours).map({ $0 * 3600 }) else { return nil }
        for unit in [60, 1] as [Int64] where skip(UInt8(ascii: ":")) {
            guard let part = number(0...59) else { return nil }
            seconds += part * unit
        }
        return sign * seconds
    }

    /// `,DAY[/TIME]`.
    mutating func change() -> DaylightRule.Change? {
        guard skip(UInt8(ascii: ",")), let day = day() else { return nil }
        guard skip(UInt8(ascii: "/")) else { return DaylightRule.Change(day: day, time: 7200) }
        return time(hours: 167).map { DaylightRule.Change(day: day, time: $0) }
    }

    private mutating func day() -> DaylightRule.Change.Day? {
        if skip(UInt8(ascii: "J")) { return number(1...365).map { .withoutLeapDay($0) } }
        guard skip(UInt8(ascii: "M")) else { return number(0...365).map { .ofYear($0) } }
        guard let month = number(1...12), skip(UInt8(ascii: ".")), let week = number(1...5), skip(UInt8(ascii: ".")),
            let weekday = number(0...6)
        else { return nil }
        return .ofWeek(month: month, week: week, weekday: weekday)
    }
}
