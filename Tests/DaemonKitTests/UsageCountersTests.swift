import LinuxRuntime
import StackModel
import Testing

@testable import DaemonKit

@Suite struct UsageCountersTests {
    private let old = InstanceID(serial: 1)
    private let new = InstanceID(serial: 2)

    private func used(_ seconds: Int) -> UsageCounters {
        UsageCounters(Usage(cpuTime: .seconds(seconds)))
    }

    private func seconds(_ replica: ReplicaCounters) -> Double? { replica.total.seconds(.processorTime) }

    @Test func ofTwoInstancesTheOldOneGoesAndTheSumStays() {
        var replica = ReplicaCounters()
        replica.take([old: used(100)], running: [old])
        replica.take([old: used(101), new: used(1)], running: [old, new])
        #expect(seconds(replica) == 102)
        replica.take([new: used(3)], running: [new])
        #expect(seconds(replica) == 104)
        replica.take([:], running: [])
        #expect(seconds(replica) == 104)
    }

    @Test func whatWasReadAsAnInstanceEndedCountsOnce() {
        var replica = ReplicaCounters()
        replica.take([old: used(5)], running: [old])
        replica.take([old: used(6)], running: [])
        #expect(seconds(replica) == 6)
        // An answer to somebody else, who had begun to read before.
        replica.take([old: used(6)], running: [])
        #expect(seconds(replica) == 6)
    }

    @Test func anInstanceThatCouldNotBeReadStays() {
        var replica = ReplicaCounters()
        replica.take([old: used(5)], running: [old])
        replica.take([:], running: [old])
        replica.take([old: used(7)], running: [old])
        #expect(seconds(replica) == 7)
    }

    @Test func whatAProcessTakesWithItIsNotTakenBack() {
        var replica = ReplicaCounters()
        replica.take([old: used(5)], running: [old])
        replica.take([old: used(2)], running: [old])
        #expect(seconds(replica) == 5)
    }

    @Test func everythingThatGrowsIsCounted() {
        var usage = Usage(cpuTime: .milliseconds(1_500), memoryBytes: 4_096, processes: 2)
        usage.throttledTime = .milliseconds(250)
        usage.readBytes = 10
        usage.writtenBytes = 20
        usage.outOfMemoryKills = 1
        usage.pressure = PressureTotals(cpu: .seconds(1), memory: .seconds(2), io: .seconds(3))
        var replica = ReplicaCounters()
        replica.take([old: UsageCounters(usage), new: UsageCounters(usage)], running: [old, new])
        let total = replica.total
        #expect(total.seconds(.processorTime) == 3 && total.seconds(.throttledTime) == 0.5)
        #expect(total[.read] == 20 && total[.written] == 40 && total[.outOfMemoryKills] == 2)
        #expect(total.seconds(.processorPressure) == 2)
        #expect(total.seconds(.memoryPressure) == 4 && total.seconds(.ioPressure) == 6)
    }

    /// No number is not the number 0.
    @Test func whatTheHostDoesNotTellIsNotCounted() {
        var replica = ReplicaCounters()
        replica.take([old: used(5)], running: [old])
        #expect(replica.total[.read] == nil && replica.total.seconds(.ioPressure) == nil)
        var usage = Usage()
        usage.readBytes = 7
        replica.take([old: UsageCounters(usage)], running: [old])
        #expect(replica.total[.read] == 7 && seconds(replica) == 5)
    }
}
