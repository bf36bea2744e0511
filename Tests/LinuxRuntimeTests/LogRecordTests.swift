import Testing

@testable import LinuxRuntime

@Suite struct LogRecordTests {
    private func parse(_ text: String) -> WallTime? { Array(text.utf8).withUnsafeBytes { WallTime(parsing: $0) } }

    private func parsed(_ line: String) -> LogRecord? {
        Array(line.utf8).withUnsafeBytes { bytes in
            RawLogRecord(parsing: bytes)?.record(of: LogOwner(service: "a", replica: 0))
        }
    }

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
        #expect(parse(text) == time)
    }

    @Test func readsTheLastMomentThatCanBeCounted() {
        #expect(parse("2262-04-11T23:47:16.854775Z")?.nanoseconds == Int64.max / 1000 * 1000)
        #expect(parse("2262-04-11T23:47:16.854776Z") == nil)
    }

    @Test func readsALine() throws {
        let record = try #require(parsed("2026-11-23T10:00:00.123456Z backend/12 err+ 42 text  with spaces "))
        #expect(record.stream == .error && record.continues && record.number == 42)
        #expect(record.text == "text  with spaces ")
    }

    @Test(arguments: [
        "", "plain", "a \"quoted\" \\ back\\slash", "tab\t return\r bell\u{7} escape\u{1B}", "gr\u{FC}n \u{1F600}",
    ])
    func whatIsWrittenIsRead(_ text: String) throws {
        let time = WallTime(nanoseconds: 1_795_428_000_123_456_000)
        for format in [LogFormat.text, .json] {
            for stream in LogStream.allCases {
                for continues in [false, true] {
                    var head = LogHead()
                    head.begin(
                        format, LogOwner(service: "a", replica: 0), stream, number: 9, time: time, continues: continues)
                    for number in UInt64(9)...101 {
                        let bytes = Array(text.utf8).withUnsafeBytes {
                            format == .json ? JSONText.escaped($0) : Array($0)
                        }
                        let line = Array(head.bytes) + bytes + Array("\(head.tail)".utf8)
                        #expect(line.last == UInt8(ascii: "\n"))
                        let found = try #require(parsed(String(decoding: line.dropLast(), as: UTF8.self)))
                        let wanted = LogRecord(
                            time: time, owner: LogOwner(service: "a", replica: 0), stream: stream, number: number,
                            continues: continues, text: text)
                        #expect(found == wanted)
                        head.advance()
                    }
                }
            }
        }
    }

    @Test func bytesThatAreNoTextAreReplaced() {
        let bytes: [UInt8] = [0x61, 0xFF, 0x62]
        #expect(bytes.withUnsafeBytes { JSONText.isPlain($0) } == false)
        #expect(String(decoding: bytes.withUnsafeBytes { JSONText.escaped($0) }, as: UTF8.self) == "a\u{FFFD}b")
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
        #expect(parsed(line) == nil)
    }
}
