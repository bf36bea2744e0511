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

    @Test func readsALine() throws {
        let line = "2026-11-23T10:00:00.123456Z back/end/12 err+ 42 text  with spaces "
        let record = try #require(LogRecord(parsing: Array(line.utf8)))
        #expect(record.stamp.service == "back/end" && record.stamp.replica == 12)
        #expect(record.stamp.stream == .error && record.stamp.continues && record.stamp.sequence == 42)
        #expect(record.text == "text  with spaces ")
    }

    @Test(arguments: ["", "x", "2026-11-23T10:00:00.123456Z a/0 out x text", "2026-13-23T10:00:00.123456Z a/0 out 1 t"])
    func refusesWhatIsNoRecord(_ line: String) {
        #expect(LogRecord(parsing: Array(line.utf8)) == nil)
    }
}
