/// Five fields of crontab(5): minute, hour, day of the month, month, day of the week.
public struct CronExpression: Hashable, Sendable, CustomStringConvertible {
    /// As it was written.
    public let description: String
    /// A bit for each minute, 0 to 59, that matches; the fields below likewise.
    let minutes: UInt64
    let hours: UInt64
    /// From bit 1 on.
    let daysOfMonth: UInt64
    /// From bit 1 on.
    let months: UInt64
    /// Sunday is bit 0.
    let daysOfWeek: UInt64
    /// Where both days are restricted, a day that either of them names matches (crontab(5)).
    let matchesEitherDay: Bool

    /// It means every so many minutes rather than times of the day, so it goes by the time that passes where the clock
    /// is changed.
    public var matchesEveryHour: Bool { hours == 0xFF_FFFF }

    /// The first time after another one that matches by the wall clock of a zone, in seconds since
    /// 1970-01-01T00:00:00Z; nil where none does within 40 years.
    ///
    /// Where the clock is set forward, times of the day that do not exist are made up for, once, right after the gap;
    /// where it is set back, times that exist twice count the first time only. As with cron(8), neither is so for an
    /// expression that matches every hour.
    public func next(after time: Int64, in zone: ZoneRules) -> Int64? {
        var from = time + 1
        // Between two changes of the clock a zone is a plain calendar; no zone has more than a few of them a year.
        for _ in 0..<Self.longestSearch * 5 {
            let period = zone.period(at: from)
            var wallFrom = from + period.offset
            if !matchesEveryHour, let start = period.start { wallFrom = max(wallFrom, start + period.previousOffset) }
            guard let wall = firstWallTime(from: wallFrom) else { return nil }
            guard let change = period.next, wall - period.offset >= change.time else { return wall - period.offset }
            if !matchesEveryHour, wall < change.time + change.offset { return change.time }
            from = change.time
        }
        return nil
    }

    /// In years: no day that matches at all is further from another one, but for those in the year 2100 and its like.
    private static let longestSearch: Int64 = 40

    /// The first matching time of a clock that is never changed.
    private func firstWallTime(from wall: Int64) -> Int64? {
        let minute = (wall + 59).flooredQuotient(by: 60)
        var day = minute.flooredQuotient(by: 1440)
        let lastDay = day + Self.longestSearch * 366
        var minuteOfDay = minute.flooredRemainder(by: 1440)
        while day <= lastDay {
            let date = CivilDate(daysSinceEpoch: day)
            if !months.contains(date.month) {
                day += CivilDate.days(inMonth: date.month, of: date.year) - date.day + 1
            } else {
                if matches(date, day: day), let found = firstMinute(from: minuteOfDay) {
                    return (day * 1440 + found) * 60
                }
                day += 1
            }
            minuteOfDay = 0
        }
        return nil
    }

    private func matches(_ date: CivilDate, day: Int64) -> Bool {
        let ofMonth = daysOfMonth.contains(date.day)
        let ofWeek = daysOfWeek.contains(CivilDate.weekday(ofDay: day))
        return matchesEitherDay ? ofMonth || ofWeek : ofMonth && ofWeek
    }

    private func firstMinute(from minuteOfDay: Int64) -> Int64? {
        for hour in minuteOfDay / 60..<24 where hours.contains(hour) {
            let first = hour == minuteOfDay / 60 ? minuteOfDay % 60 : 0
            let left = minutes >> UInt64(first)
            if left != 0 { return hour * 60 + first + Int64(left.trailingZeroBitCount) }
        }
        return nil
    }
}

extension UInt64 {
    fileprivate func contains(_ bit: Int64) -> Bool { self >> UInt64(bit) & 1 != 0 }
}
