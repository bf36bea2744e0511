/// A day of the proleptic Gregorian calendar.
///
/// Source of the conversions: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
public struct CivilDate: Hashable, Sendable, CustomStringConvertible {
    public var year: Int64
    /// From 1.
    public var month: Int64
    /// From 1.
    public var day: Int64

    /// Nil where the month has no such day.
    public init?(year: Int64, month: Int64, day: Int64) {
        guard (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year) else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    public init(daysSinceEpoch: Int64) {
        // Years begin in March here, so that the leap day is a year's last; an era is 400 years.
        let shifted = daysSinceEpoch + 719_468
        let era = shifted.flooredQuotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01.
    public var daysSinceEpoch: Int64 { Self.days(toYear: year, month: month) + day - 1 }

    /// Days from 1970-01-01 to the first of a month.
    static func days(toYear year: Int64, month: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = marchYear.flooredQuotient(by: 400)
        let yearOfEra = marchYear - era * 400
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// - Parameter month: from 1 to 12.
    static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The day of the week of a day since 1970-01-01, which was a Thursday; Sunday is 0.
    static func weekday(ofDay days: Int64) -> Int64 { (days + 4).flooredRemainder(by: 7) }

    /// As RFC 3339 writes it: `2026-11-23`.
    public var description: String {
        decimal(year, width: 4) + "-" + decimal(month, width: 2) + "-" + decimal(day, width: 2)
    }

    private func decimal(_ value: Int64, width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension Int64 {
    /// The quotient rounded towards negative infinity; `divisor` is positive.
    public func flooredQuotient(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }

    /// What the floored quotient leaves, from 0 to below `divisor`.
    public func flooredRemainder(by divisor: Int64) -> Int64 {
        let remainder = self % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
