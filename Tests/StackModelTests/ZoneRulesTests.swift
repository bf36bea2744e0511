import Testing

@testable import StackModel

@Suite struct ZoneRulesTests {
    @Test(arguments: [
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29 00:59", 3600),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29 01:00", 7200),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25 00:59", 7200),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25 01:00", 3600),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2500-07-01 00:00", 7200),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "1900-01-01 00:00", 3600),
        // The south: daylight saving time spans the new year.
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01 00:00", 39_600),
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-07-01 00:00", 37_800),
        ("EST5EDT,M3.2.0,M11.1.0", "2026-03-08 06:59", -18_000),
        ("EST5EDT,M3.2.0,M11.1.0", "2026-03-08 07:00", -14_400),
        ("EST5EDT4:30,J60/0,J300/0", "2024-02-29 12:00", -18_000),
        ("EST5EDT4:30,J60/0,J300/0", "2024-03-01 12:00", -16_200),
        ("EST5EDT,59/0,300/0", "2024-02-29 12:00", -14_400), ("EST5EDT,59/0,300/0", "2023-02-28 12:00", -18_000),
        // RFC 9636: the whole year, and a time on the day before.
        ("XXX3EDT4,0/0,J365/23", "2026-01-01 05:00", -14_400), ("XXX3EDT4,0/0,J365/23", "2026-12-31 23:30", -14_400),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29 00:59", -7200),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29 01:00", -3600),
        ("<+0545>-5:45", "2026-01-01 00:00", 20_700), ("UTC0", "2026-01-01 00:00", 0),
    ])
    func rules(rule: String, time: String, offset: Int64) throws {
        #expect(zone("x", rule).offset(at: try #require(instant(time))) == offset)
    }

    @Test(arguments: [
        "", "CET", "C-1", "CET-25", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J300", "CET-1CEST,366,1", "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0,", "<+01-1", "CET-1:60", "CET-1CEST,M3.5.0 M10.5.0", "CET-1CEST,M3.5,M10.5.0",
    ])
    func noRule(text: String) {
        #expect(DaylightRule(text: text.utf8) == nil)
    }

    @Test func theTableHoldsUntilItsEndAndTheRuleFromThereOn() throws {
        let file = TZif(
            offsets: [2048, 3600, 7200], times: [-1_000_000, 0, 1_000_000, 2_000_000], indices: [1, 1, 2, 1],
            footer: "CET-1CEST,M3.5.0,M10.5.0/3")
        let zone = try ZoneRules(name: "x", tzif: file.bytes)
        let expected: [(Int64, Int64)] = [
            (-1_000_001, 2048), (-1_000_000, 3600), (0, 3600), (999_999, 3600), (1_000_000, 7200), (1_999_999, 7200),
            (2_000_000, 3600), (1_774_745_999, 3600), (1_774_746_000, 7200),
        ]
        for (time, offset) in expected { #expect(zone.offset(at: time) == offset, "\(time)") }
        #expect(zone.name == "x")
        #expect(zone.period(at: 1_000_000).previousOffset == 3600)
        #expect(zone.period(at: 1_000_000).next == ZoneRules.Transition(time: 2_000_000, offset: 3600))
        #expect(zone.period(at: -2_000_000).start == nil)
        // From the table's last period into the first one of the rule.
        #expect(zone.period(at: 2_000_000).next == ZoneRules.Transition(time: 7_520_400, offset: 7200))
        #expect(zone.period(at: 7_520_400).previousOffset == 3600)
    }

    @Test func withoutARuleTheLastOffsetStays() throws {
        let file = TZif(offsets: [0, 3600], times: [0], indices: [1], footer: "")
        let zone = try ZoneRules(name: "x", tzif: file.bytes)
        #expect(zone.offset(at: -1) == 0)
        #expect(zone.offset(at: .max / 2) == 3600)
        #expect(zone.period(at: 5).next == nil)
    }

    @Test func everyPeriodFollowsTheOneBefore() {
        for zone in [zurich, lordHowe] {
            var period = zone.period(at: 0)
            for _ in 0..<200 {
                guard let next = period.next else { break }
                #expect(zone.period(at: next.time - 1) == period)
                let following = zone.period(at: next.time)
                #expect(following.start == next.time)
                #expect(following.offset == next.offset)
                #expect(following.previousOffset == period.offset)
                period = following
            }
        }
    }

    @Test func faults() throws {
        let sound = TZif(offsets: [0, 3600], times: [0, 9], indices: [1, 0], footer: "UTC0")
        for length in sound.bytes.indices {
            #expect(throws: ZoneRules.TZifFault.malformed, "\(length)") {
                try ZoneRules(name: "x", tzif: Array(sound.bytes.prefix(length)))
            }
        }
        func check(_ fault: ZoneRules.TZifFault, _ change: (inout TZif) -> Void) {
            var file = sound
            change(&file)
            #expect(throws: fault) { try ZoneRules(name: "x", tzif: file.bytes) }
        }
        check(.tooOld) { $0.version = 0 }
        check(.countsLeapSeconds) { $0.leapSeconds = 1 }
        check(.malformed) { $0.times = [9, 0] }
        check(.malformed) { $0.indices = [2, 0] }
        check(.malformed) { $0.offsets = [] }
        check(.malformed) { $0.footer = "x" }
    }

    /// Bytes of any kind are answered, by a zone or by a fault.
    @Test func noByteMakesItFail() {
        let sound = TZif(offsets: [0, 3600], times: [0, 9], indices: [1, 0], footer: "CET-1CEST,M3.5.0,M10.5.0/3").bytes
        for index in sound.indices {
            for byte in [0, 1, 0x30, 0x7F, 0x80, 0xFF] as [UInt8] {
                var bytes = sound
                bytes[index] = byte
                _ = (try? ZoneRules(name: "x", tzif: bytes))?.offset(at: 1_774_746_000)
            }
        }
    }
}

/// A file as zic(8) writes it.
private struct TZif {
    var version: UInt8 = 0x32
    var offsets: [Int32]
    var times: [Int64]
    var indices: [UInt8]
    var leapSeconds = 0
    var footer: String

    var bytes: [UInt8] {
        let data =
            times.flatMap { big(UInt64(bitPattern: $0), 8) } + indices
            + offsets.flatMap { big(UInt64(UInt32(bitPattern: $0)), 4) + [0, 0] } + Array("LMT\0".utf8)
            + [UInt8](repeating: 0, count: leapSeconds * 12)
        return header(times: 0, types: 1, characters: 4, leapSeconds: 0) + [0, 0, 0, 0, 0, 0] + Array("LMT\0".utf8)
            + header(times: times.count, types: offsets.count, characters: 4, leapSeconds: leapSeconds) + data
            + Array("\n\(footer)\n".utf8)
    }

    private func header(times: Int, types: Int, characters: Int, leapSeconds: Int) -> [UInt8] {
        Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
            + [0, 0, leapSeconds, times, types, characters].flatMap { big(UInt64($0), 4) }
    }

    private func big(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
    }
}
