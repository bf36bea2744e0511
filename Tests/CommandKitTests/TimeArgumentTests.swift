import ControlProtocol
import Testing

@testable import CommandKit

struct TimeArgumentTests {
    private let now = Timestamp(milliseconds: 1_000_000)

    @Test(arguments: [
        ("1970-01-01T00:00:10Z", Int64(10_000)), ("1970-01-01T01:00:10+01:00", 10_000), ("10", 10_000),
        ("10s", 990_000), ("1m30s", 910_000), ("250ms", 999_750),
    ])
    func isAPointInTime(text: String, milliseconds: Int64) throws {
        let argument = try #require(TimeArgument(argument: text))
        #expect(argument.timestamp(now: now) == Timestamp(milliseconds: milliseconds))
    }

    @Test(arguments: ["2026-11-23", "2026-11-23T10:30", "2026-11-23T10:30:05", "2026-11-23 10:30:05"])
    func withoutAZoneItIsLocal(text: String) throws {
        let time = try #require(TimeArgument(argument: text)).timestamp(now: now)
        #expect(time.localText.hasPrefix(text.replacing("T", with: " ")))
    }

    @Test(arguments: ["", "yesterday", "2026-13-01", "10:00", "-5s", "2026-11-23T25:00"])
    func restIsRefused(text: String) {
        #expect(TimeArgument(argument: text) == nil)
    }
}
