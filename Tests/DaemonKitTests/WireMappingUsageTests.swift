import ControlProtocol
import ControlServer
import LinuxRuntime
import StackModel
import Testing

@testable import DaemonKit

/// What was measured of instances, as the control API and `/metrics` say it.
@Suite struct WireMappingUsageTests {
    private let replica = ReplicaID(service: name("web"), index: 3)
    private let time = Timestamp(milliseconds: 1_000)

    private var usage: Usage {
        var usage = Usage(cpuTime: .milliseconds(1_500), memoryBytes: 4_096, processes: 2)
        usage.throttledTime = .milliseconds(250)
        usage.memoryPeak = 8_192
        usage.outOfMemoryKills = 1
        usage.readBytes = 10
        usage.writtenBytes = 20
        usage.pressure = PressureTotals(cpu: .seconds(1), memory: .seconds(2), io: .seconds(3))
        usage.threads = 5
        usage.openDescriptors = 60
        usage.fullestDescriptors = DescriptorFill(open: 50, limit: 200)
        return usage
    }

    @Test func anInstanceIsToldWithAllThatTheHostTells() {
        var expected = UsageDocument(
            service: "web", replica: 3, instance: 7, time: time, cpuSeconds: 1.5, memoryBytes: 4_096, processes: 2)
        let plain = Usage(cpuTime: .milliseconds(1_500), memoryBytes: 4_096, processes: 2)
        #expect(UsageDocument(plain, of: InstanceID(serial: 7), in: replica, at: time) == expected)
        expected.throttledSeconds = 0.25
        expected.cpuPressureSeconds = 1
        expected.memoryPressureSeconds = 2
        expected.ioPressureSeconds = 3
        expected.memoryPeakBytes = 8_192
        expected.oomKills = 1
        expected.readBytes = 10
        expected.writtenBytes = 20
        expected.threads = 5
        expected.openDescriptors = 60
        expected.descriptorRatio = 0.25
        #expect(UsageDocument(usage, of: InstanceID(serial: 7), in: replica, at: time) == expected)
    }

    /// While one replaces the other, a slot has two.
    @Test func instancesOfAReplicaAddUp() {
        var other = Usage(cpuTime: .seconds(1), memoryBytes: 1_000, processes: 1)
        other.memoryPeak = 9_000
        other.openDescriptors = 10
        other.fullestDescriptors = DescriptorFill(open: 10, limit: 20)
        var counters = UsageCounters(usage)
        counters.add(UsageCounters(other))
        let sum = StackMetrics.Usage([usage, other], counters)
        #expect(sum.cpuSeconds == 2.5 && sum.memoryBytes == 5_096 && sum.processes == 3)
        #expect(sum.throttledSeconds == 0.25 && sum.oomKills == 1)
        #expect(sum.readBytes == 10 && sum.writtenBytes == 20)
        #expect(sum.pressureSeconds.map(\.resource) == ["cpu", "memory", "io"])
        #expect(sum.pressureSeconds.map(\.seconds) == [1, 2, 3])
        #expect(sum.memoryPeakBytes == 9_000 && sum.threads == 5 && sum.openDescriptors == 70)
        #expect(sum.descriptorRatio == 0.5)
    }

    @Test func whatTheHostDoesNotTellIsNotSaid() {
        let sum = StackMetrics.Usage([Usage()], UsageCounters(Usage()))
        #expect(sum.throttledSeconds == nil && sum.readBytes == nil && sum.writtenBytes == nil && sum.oomKills == nil)
        #expect(sum.pressureSeconds.isEmpty && sum.memoryPeakBytes == nil && sum.threads == nil)
        #expect(sum.openDescriptors == nil && sum.descriptorRatio == nil)
    }

    @Test func pressureOfTheHostIsAShare() {
        var load = HostLoad.read(nil)
        (load.cpuPressure, load.memoryPressure, load.ioPressure) = (.init(some: 930), nil, .init(some: 5))
        #expect(load.pressure.map(\.resource) == ["cpu", "io"])
        #expect(load.pressure.map(\.ratio) == [0.93, 0.005])
    }
}
