import StackModel
import Testing

@Suite struct CivilDateTests {
    @Test(
        arguments: [
            (0, "1970-01-01"), (-1, "1969-12-31"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_780, "2026-11-23"),
            (-719_468, "0000-03-01"), (2_932_896, "9999-12-31"),
        ] as [(Int64, String)])
    func daysAndDates(days: Int64, text: String) {
        let date = CivilDate(daysSinceEpoch: days)
        #expect(date.description == text)
        #expect(date.daysSinceEpoch == days)
    }

    @Test func everyDayOfFourCenturiesFollowsTheOneBefore() throws {
        var date = CivilDate(daysSinceEpoch: -146_097)
        for days in -146_096...0 as ClosedRange<Int64> {
            let next = CivilDate(daysSinceEpoch: days)
            let isNextDay = next.year == date.year && next.month == date.month && next.day == date.day + 1
            let isNextMonth = next.day == 1 && (next.month == date.month + 1 || next.month == 1 && date.month == 12)
            try #require(isNextDay || isNextMonth, "\(date) is followed by \(next)")
            try #require(next.daysSinceEpoch == days)
            date = next
        }
    }

    @Test(arguments: [(2026, 2, 29), (2100, 2, 29), (2026, 4, 31), (2026, 13, 1), (2026, 0, 1), (2026, 1, 0)])
    func noSuchDay(year: Int, month: Int, day: Int) {
        #expect(CivilDate(year: Int64(year), month: Int64(month), day: Int64(day)) == nil)
    }

    @Test(
        arguments: [(7, 7, 1, 0), (-7, 7, -1, 0), (-1, 7, -1, 6), (0, 7, 0, 0), (.min, 2, .min / 2, 0)]
            as [(
                Int64, Int64, Int64, Int64
            )])
    func divisionIsRoundedDown(value: Int64, divisor: Int64, quotient: Int64, remainder: Int64) {
        #expect(value.flooredQuotient(by: divisor) == quotient)
        #expect(value.flooredRemainder(by: divisor) == remainder)
    }
}
