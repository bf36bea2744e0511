import Testing

@testable import StackModel

@Suite struct CronExpressionTests {
    /// The next times of an expression after one, in a zone, all by its wall clock.
    private func times(
        _ text: String, after start: String, in zone: ZoneRules = .utc, count: Int = 3
    ) throws -> [String] {
        let expression = try CronExpression(text)
        var time = try #require(instant(start))
        var result: [String] = []
        for _ in 0..<count {
            guard let next = expression.next(after: time, in: zone) else { break }
            #expect(next > time)
            result.append(wallText(next, in: zone))
            time = next
        }
        return result
    }

    @Test(arguments: [
        ("* * * * *", ["2026-11-23 07:53", "2026-11-23 07:54", "2026-11-23 07:55"]),
        ("*/20 * * * *", ["2026-11-23 08:00", "2026-11-23 08:20", "2026-11-23 08:40"]),
        ("5,10-12 9 * * *", ["2026-11-23 09:05", "2026-11-23 09:10", "2026-11-23 09:11"]),
        ("10-30/15 9 * * *", ["2026-11-23 09:10", "2026-11-23 09:25", "2026-11-24 09:10"]),
        ("52 7 * * *", ["2026-11-24 07:52", "2026-11-25 07:52", "2026-11-26 07:52"]),
        ("0 0 * * 0", ["2026-11-29 00:00", "2026-12-06 00:00", "2026-12-13 00:00"]),
        ("0 0 * * 7", ["2026-11-29 00:00", "2026-12-06 00:00", "2026-12-13 00:00"]),
        ("0 0 * * fri-sun", ["2026-11-27 00:00", "2026-11-28 00:00", "2026-11-29 00:00"]),
        ("0 0 * * 6-7", ["2026-11-28 00:00", "2026-11-29 00:00", "2026-12-05 00:00"]),
        ("0 0 * JAN,feb Mon", ["2027-01-04 00:00", "2027-01-11 00:00", "2027-01-18 00:00"]),
        // Either day where both are restricted, both where one begins with a star: crontab(5).
        ("0 0 1 * mon", ["2026-11-30 00:00", "2026-12-01 00:00", "2026-12-07 00:00"]),
        ("0 0 */2 * mon", ["2026-12-07 00:00", "2026-12-21 00:00", "2027-01-11 00:00"]),
        ("0 0 31 * *", ["2026-12-31 00:00", "2027-01-31 00:00", "2027-03-31 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("@hourly", ["2026-11-23 08:00", "2026-11-23 09:00", "2026-11-23 10:00"]),
        ("@daily", ["2026-11-24 00:00", "2026-11-25 00:00", "2026-11-26 00:00"]),
        ("@midnight", ["2026-11-24 00:00", "2026-11-25 00:00", "2026-11-26 00:00"]),
        ("@weekly", ["2026-11-29 00:00", "2026-12-06 00:00", "2026-12-13 00:00"]),
        ("@monthly", ["2026-12-01 00:00", "2027-01-01 00:00", "2027-02-01 00:00"]),
        ("@yearly", ["2027-01-01 00:00", "2028-01-01 00:00", "2029-01-01 00:00"]),
        ("@Annually", ["2027-01-01 00:00", "2028-01-01 00:00", "2029-01-01 00:00"]),
    ])
    func timesThatFollow(text: String, expected: [String]) throws {
        #expect(try times(text, after: "2026-11-23 07:52") == expected)
    }

    @Test func theLeapDayIsFoundAcrossAYearWithoutOne() throws {
        #expect(try times("0 0 29 2 *", after: "2096-03-01 00:00", count: 1) == ["2104-02-29 00:00"])
    }

    @Test func aTimeWithinAMinuteIsFollowedByTheNextMinute() throws {
        let expression = try CronExpression("* * * * *")
        #expect(expression.next(after: 59, in: .utc) == 60)
        #expect(expression.next(after: 60, in: .utc) == 120)
        #expect(expression.next(after: -61, in: .utc) == -60)
    }

    /// In the night to 2026-03-29 there is no 02:00 to 03:00 in Zurich.
    @Test(arguments: [
        ("30 2 * * *", "2026-03-28 12:00", ["2026-03-29 03:00", "2026-03-30 02:30"]),
        ("*/15 2 * * *", "2026-03-28 12:00", ["2026-03-29 03:00", "2026-03-30 02:00"]),
        ("0 3 * * *", "2026-03-28 12:00", ["2026-03-29 03:00", "2026-03-30 03:00"]),
        ("0 2,3 * * *", "2026-03-28 12:00", ["2026-03-29 03:00", "2026-03-30 02:00"]),
        ("30 2 28 3 *", "2026-03-28 12:00", ["2027-03-28 03:00", "2028-03-28 02:30"]),
        ("30 * * * *", "2026-03-29 00:30", ["2026-03-29 01:30", "2026-03-29 03:30"]),
        ("*/30 * * * *", "2026-03-29 01:00", ["2026-03-29 01:30", "2026-03-29 03:00"]),
    ])
    func clocksSetForward(text: String, start: String, expected: [String]) throws {
        // In winter the wall clock is an hour ahead of UTC.
        let utc = try #require(instant(start)) - 3600
        #expect(try times(text, after: wallText(utc, in: .utc), in: zurich, count: 2) == expected)
    }

    /// In the night to 2026-10-25 there are two 02:00 to 03:00 in Zurich.
    @Test func clocksSetBack() throws {
        let before = "2026-10-24 12:00"
        #expect(
            try times("30 2 * * *", after: before, in: zurich, count: 2) == ["2026-10-25 02:30", "2026-10-26 02:30"])
        #expect(
            try times("*/30 2 * * *", after: before, in: zurich)
                == ["2026-10-25 02:00", "2026-10-25 02:30", "2026-10-26 02:00"])
        #expect(
            try times("30 * * * *", after: "2026-10-24 23:00", in: zurich, count: 4)
                == ["2026-10-25 01:30", "2026-10-25 02:30", "2026-10-25 02:30", "2026-10-25 03:30"])
        let first = try #require(instant("2026-10-25 00:30"))
        #expect(try CronExpression("30 2 * * *").next(after: first - 1, in: zurich) == first)
        // From within the second 02:00 to 03:00, too, the next is tomorrow's.
        #expect(try CronExpression("45 2 * * *").next(after: first + 3600, in: zurich) == first + 900 + 25 * 3600)
    }

    /// Against a clock that is looked at every minute.
    @Test(arguments: [
        "* * * * *", "*/7 * * * *", "30 * * * *", "30 2 * * *", "*/20 2 * * *", "0 0 * * *", "0 */2 * * *",
        "15,45 1-3 * * *", "0 3 25-31 3,10 *", "10 2 * * sun", "0 12 1 * mon",
    ])
    func itIsWhatAClockShows(text: String) throws {
        let expression = try CronExpression(text)
        for zone in [zurich, lordHowe, .utc] {
            for start in ["2026-03-25 00:00", "2026-10-01 00:00", "2026-10-22 00:00"].compactMap(instant) {
                let end = start + 8 * 86_400
                var time = start - 1
                var found: [Int64] = []
                while let next = expression.next(after: time, in: zone), next < end {
                    found.append(next)
                    time = next
                }
                #expect(found == observed(expression, from: start, to: end, in: zone), "\(zone.name)")
            }
        }
    }

    private func observed(_ expression: CronExpression, from start: Int64, to end: Int64, in zone: ZoneRules) -> [Int64]
    {
        func matches(_ wall: Int64) -> Bool { expression.next(after: wall - 1, in: .utc) == wall }
        let followsTime = expression.hours == 0xFF_FFFF
        var result: [Int64] = []
        // The hours before are looked at for what they have shown already.
        var shown: Set<Int64> = []
        for time in stride(from: start - 86_400, to: end, by: 60) {
            let wall = time + zone.offset(at: time)
            let before = time - 60 + zone.offset(at: time - 60)
            let skipped = stride(from: before + 60, to: wall, by: 60)
            let isDue =
                followsTime
                ? matches(wall) : skipped.contains(where: matches) || matches(wall) && !shown.contains(wall)
            if time >= start, isDue { result.append(time) }
            shown.insert(wall)
        }
        return result
    }

    @Test func theTextIsAsItWasWritten() throws {
        #expect(try CronExpression("0  3\t* * *").description == "0 3 * * *")
        #expect(try CronExpression("@daily").description == "@daily")
    }

    @Test(arguments: [
        (
            "", "a cron expression has five fields, and this has 0",
            "it is `MINUTE HOUR DAY MONTH WEEKDAY`, such as `0 3 * * *`"
        ),
        (
            "0 3 * *", "a cron expression has five fields, and this has 4",
            "it is `MINUTE HOUR DAY MONTH WEEKDAY`, such as `0 3 * * *`"
        ),
        (
            "0 0 3 * * *", "a cron expression has five fields, and this has 6",
            "leave out the seconds: it is `MINUTE HOUR DAY MONTH WEEKDAY`"
        ),
        ("60 * * * *", "the minute `60` cannot hold `60`", "it is a number from 0 to 59"),
        ("0,61 * * * *", "the minute `0,61` cannot hold `61`", "it is a number from 0 to 59"),
        ("-1 * * * *", "the minute `-1` cannot hold an empty value", "it is a number from 0 to 59"),
        ("0, * * * *", "the minute `0,` cannot hold an empty value", "it is a number from 0 to 59"),
        ("* 24 * * *", "the hour `24` cannot hold `24`", "it is a number from 0 to 23"),
        ("* * 0 * *", "the day of the month `0` cannot hold `0`", "it is a number from 1 to 31"),
        ("* * L * *", "the day of the month `L` cannot hold `L`", "it is a number from 1 to 31"),
        ("* * ? * *", "the day of the month `?` cannot hold `?`", "it is a number from 1 to 31"),
        ("* * * 13 *", "the month `13` cannot hold `13`", "it is a number from 1 to 12, or `jan` to `dec`"),
        (
            "* * * January *", "the month `January` cannot hold `January`",
            "it is a number from 1 to 12, or `jan` to `dec`"
        ),
        ("* * * * 8", "the day of the week `8` cannot hold `8`", "it is a number from 0 to 7, or `sun` to `sat`"),
        ("* * * mon *", "the month `mon` cannot hold `mon`", "it is a number from 1 to 12, or `jan` to `dec`"),
        ("*/0 * * * *", "the minute `*/0` cannot hold a step of `0`", "it is a number above 0, such as `*/5`"),
        ("*/x * * * *", "the minute `*/x` cannot hold a step of `x`", "it is a number above 0, such as `*/5`"),
        ("5/10 * * * *", "the minute `5/10` cannot hold a step without a range", "write `*/10`, or `5-59/10`"),
        ("0 22-2 * * *", "the hour `22-2` cannot hold a range that goes backwards", "write it as two: `22-23,0-2`"),
        ("0 0 30 2 *", "`30 2` is a day that no year has", "name a day that one of the months has"),
        ("0 0 31 4,6,9,11 *", "`31 4,6,9,11` is a day that no year has", "name a day that one of the months has"),
        ("@reboot", "`@reboot` is no time", "use `run_on_start: true`"),
        ("@every 15m", "this is an interval, not a cron expression", "write `{every: 15m}`"),
        ("every 15m", "this is an interval, not a cron expression", "write `{every: 15m}`"),
        (
            "@dayly", "`@dayly` is not known",
            "there are `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`"
        ),
        ("TZ=UTC 0 3 * * *", "the zone is no part of the expression", "write `{cron: …, time_zone: …}`"),
        ("CRON_TZ=UTC 0 3 * * *", "the zone is no part of the expression", "write `{cron: …, time_zone: …}`"),
    ])
    func faults(text: String, message: String, remedy: String) {
        #expect(throws: CronExpression.Fault(message: message, remedy: remedy)) { try CronExpression(text) }
    }

    @Test func adayThatSomeMonthHasIsNoFault() throws {
        #expect(try times("0 0 31 2,3 *", after: "2026-11-23 00:00", count: 1) == ["2027-03-31 00:00"])
        #expect(try times("0 0 30 2 mon", after: "2026-11-23 00:00", count: 1) == ["2027-02-01 00:00"])
    }
}
