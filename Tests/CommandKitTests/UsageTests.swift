import ControlProtocol
import Testing

@testable import CommandKit

/// What `top` computes of what the daemon and the kernel count.
struct UsageTests {
    private func usage(_ instance: UInt64, at milliseconds: Int64, cpu: Double, memory: UInt64 = 1) -> UsageDocument {
        UsageDocument(
            service: "web", replica: 0, instance: instance, time: Timestamp(milliseconds: milliseconds),
            cpuSeconds: cpu, memoryBytes: memory, processes: 1)
    }

    @Test func aRateIsTheDifferenceOfTwoSamples() {
        var history = UsageHistory()
        history.take(usage(1, at: 1_000, cpu: 5))
        #expect(history.processorPercent == nil)
        #expect(history.memoryBytes == 1)
        history.take(usage(1, at: 3_000, cpu: 6))
        #expect(history.processorPercent == 50)
    }

    @Test func anotherIncarnationHasNoRateWithTheOneBefore() {
        var history = UsageHistory()
        history.take(usage(1, at: 0, cpu: 5))
        history.take(usage(1, at: 1_000, cpu: 6))
        history.take(usage(2, at: 2_000, cpu: 0.25))
        #expect(history.processor == [100])
        history.take(usage(2, at: 3_000, cpu: 0.5))
        #expect(history.processor == [100, 25])
    }

    @Test func whatTheHostTellsBesidesIsTakenAsItIs() {
        var history = UsageHistory()
        var first = usage(1, at: 0, cpu: 0)
        (first.readBytes, first.writtenBytes, first.cpuPressureSeconds) = (100, 0, 1)
        var second = usage(1, at: 2_000, cpu: 0)
        (second.readBytes, second.writtenBytes) = (1_100, 1_000)
        (second.cpuPressureSeconds, second.ioPressureSeconds, second.oomKills) = (2, 9, 3)
        history.take(first)
        #expect(history.diskRate == nil && history.waitPercent == nil)
        history.take(second)
        #expect(history.diskRate == 1_000)
        // The first sample did not tell of disks' pressure.
        #expect(history.waitPercent == 50)
        #expect(history.throttledPercent == nil)
        #expect(history.usage?.oomKills == 3)
    }

    @Test func whatDoesNotRunUsesNothing() {
        var history = UsageHistory()
        history.take(usage(1, at: 0, cpu: 5))
        history.take(usage(1, at: 1_000, cpu: 6))
        history.take(nil)
        #expect(history.processorPercent == nil)
        #expect(history.memoryBytes == nil)
        #expect(history.processor == [100])
    }

    @Test func theHistoryIsBounded() {
        var history = UsageHistory()
        for second in 0..<200 { history.take(usage(1, at: Int64(second) * 1_000, cpu: Double(second))) }
        #expect(history.processor.count == UsageHistory.capacity)
        #expect(history.memory.count == UsageHistory.capacity)
    }

    @Test(arguments: [
        ([], 4, "    "), ([0, 100], 4, "  ▁█"), ([0, 50, 100], 3, "▁▅█"), ([0, 100, 0, 0], 2, "█▁"),
        ([-5, 500], 2, "▁█"),
    ])
    func sparkline(values: [Double], width: Int, expected: String) {
        #expect(Sparkline.text(values, scale: 0...100, width: width) == expected)
    }

    @Test func sparklinesAreAsWideAsAskedFor() {
        for width in 0...70 {
            let text = Sparkline.text((0..<60).map(Double.init), scale: 0...60, width: width)
            #expect(DisplayWidth.columns(of: text) == width)
        }
    }

    @Test func theHostsUseIsReadAsTheKernelTellsIt() throws {
        let memory = "MemTotal:        1000 kB\nMemFree: 1 kB\nMemAvailable:     250 kB\n"
        let earlier = try #require(
            HostUsage(stat: "cpu  10 0 10 70 10 0 0 0 0 0\ncpu0 1\ncpu1 1\nintr 5\n", memory: memory))
        let later = try #require(
            HostUsage(stat: "cpu  60 0 10 110 20 0 0 0 0 0\ncpu0 1\ncpu1 1\nintr 5\n", memory: memory))
        #expect(later.processors == 2)
        #expect(later.memoryBytes == 750 << 10)
        #expect(later.memoryTotalBytes == 1_000 << 10)
        #expect(later.processorPercent(since: earlier) == 100)
        #expect(earlier.processorPercent(since: earlier) == nil)
        #expect(HostUsage(stat: "", memory: memory) == nil)
        #expect(HostUsage.now() != nil)
    }

    @Test(arguments: [(0, "0.0%"), (0.06, "0.1%"), (99.94, "99.9%"), (99.96, "100%"), (1_234.4, "1234%")])
    func percents(percent: Double, expected: String) {
        #expect(percentText(percent) == expected)
    }

    @Test(arguments: [
        (0, "0B"), (999, "999B"), (1_000, "1.0K"), (1_536, "1.5K"), (104_857_600, "100M"), (1_048_000_000, "999M"),
        (1_048_576_000, "1.0G"), (UInt64.max, "16384P"),
    ])
    func bytes(count: UInt64, expected: String) {
        #expect(bytesText(count) == expected)
    }
}
