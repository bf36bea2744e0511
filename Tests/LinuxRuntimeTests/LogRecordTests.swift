import Testing

@testable import LinuxRuntime

@Suite struct LogRecordTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_795_428_000_123_456, "2026-11-23T10:00:00.123456Z"),
            (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
            (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func timesAreWrittenAndRead(_ microseconds: Int64, _ text: String) {
        let time = WallTime(nanoseconds: microseconds * 1000)
        #expect(time.description == text)
        #expect(WallTime(parsing: text.utf8) == time)
    }

    @Test func readsTheLastMomentThatCanBeCounted() {
        #expect(WallTime(parsing: "2262-04-11T23:47:16.854775Z".utf8)?.nanoseconds == Int64.max / 1000 * 1000)
        #expect(WallTime(parsing: "2262-04-11T23:47:16.854776Z".utf8) == nil)
    }

    @Test func readsALine() throws {
        let line = "2026-11-23T10:00:00.123456Z back/end/12 err+ 42 text  with spaces "
        let record = try #require(LogRecord(parsing: Array(line.utf8)))
        #expect(record.stamp.service == "back/end" && record.stamp.replica == 12)
        #expect(record.stamp.stream == .error && record.stamp.continues && record.stamp.sequence == 42)
        #expect(record.text == "text  with spaces ")
    }

    @Test(arguments: [
        "", "x", "2026-11-23T10:00:00.123456Z a/0 out x text", "2026-13-23T10:00:00.123456Z a/0 out 1 t",
        // A time beyond what its nanoseconds can count, times that are none, and numbers to which none can be added.
        "9999-12-31T23:59:59.999999Z a/0 out 1 t", "2026-11-23T24:00:00.123456Z a/0 out 1 t",
        "2026-11-23T10:+1:00.123456Z a/0 out 1 t",
        "2026-11-23T10:00:00.123456Z a/0 out 18446744073709551615 t",
        "2026-11-23T10:00:00.123456Z a/0 out 9223372036854775808 t",
    ])
    func refusesWhatIsNoRecord(_ line: String) {
        #expect(LogRecord(parsing: Array(line.utf8)) == nil)
    }
}
