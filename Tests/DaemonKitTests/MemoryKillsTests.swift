import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite struct MemoryKillsTests {
    private var kills = MemoryKills()

    @Test mutating func aPartIsToldOfOnceItIsKnownThatTheRestGoesOn() {
        #expect([0, 0, 2, 2, 2, 3, 4, 4].map { kills.note($0) } == [nil, nil, nil, 2, nil, nil, 1, 1])
    }

    @Test mutating func anEndIsByTheKillsThatWereNotToldOf() {
        let two = OutOfMemoryKills(count: 2, peak: 64 << 20, limit: 64 << 20)
        let shortage = OutOfMemory(peak: ByteCount(text: "64M"), limit: ByteCount(text: "64M"))
        let killed = ProcessExit.signaled(signal: 9, dumpedCore: false)
        #expect(kills.shortage(of: two, at: killed) == shortage)
        // As one ends whose child was killed.
        #expect(kills.shortage(of: two, at: .exited(code: 1)) == shortage)
        #expect(kills.shortage(of: two, at: .unknown) == shortage)
        #expect(kills.shortage(of: two, at: .exited(code: 0)) == nil)
        #expect(kills.shortage(of: nil, at: killed) == nil)
        #expect(kills.shortage(of: OutOfMemoryKills(count: 0), at: killed) == nil)
        for _ in 0..<2 { _ = kills.note(2) }
        #expect(kills.shortage(of: two, at: killed) == nil)
        #expect(kills.shortage(of: OutOfMemoryKills(count: 3), at: killed) == OutOfMemory())
    }
}
