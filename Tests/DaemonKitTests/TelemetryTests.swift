import ControlServer
import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite struct TelemetryTests {
    private let first = ReplicaID(service: name("api"), index: 0)
    private let second = ReplicaID(service: name("api"), index: 1)

    @Test func probesAreCountedByReplicaAndRole() {
        let telemetry = Telemetry()
        telemetry.probeTook(.milliseconds(2), .readiness, of: first, hasPassed: true)
        telemetry.probeTook(.seconds(20), .readiness, of: first, hasPassed: false)
        telemetry.probeTook(.milliseconds(2), .startup, of: first, hasPassed: true)
        let probes = telemetry.probes(of: first)
        // Those that have run, and no others.
        #expect(probes.map(\.role) == ["startup", "readiness"])
        #expect(probes.map(\.passed) == [1, 1] && probes.map(\.failed) == [0, 1])
        #expect(probes[1].latency.count == 2 && probes[1].latency.counts.last == 1)
        #expect(abs(probes[1].latency.sum - 20.002) < 1e-9)
        #expect(telemetry.probes(of: second).isEmpty)
    }

    @Test func replicasThatAreGoneAreForgotten() {
        let telemetry = Telemetry()
        for replica in [first, second] { telemetry.probeTook(.zero, .liveness, of: replica, hasPassed: true) }
        telemetry.keep([second])
        #expect(telemetry.probes(of: first).isEmpty)
        #expect(telemetry.probes(of: second).count == 1)
    }

    @Test func usageIsCountedByReplicaUntilItIsGone() {
        let telemetry = Telemetry()
        func time(of replica: ReplicaID, _ seconds: Int, _ serial: UInt64) -> Double? {
            let id = InstanceID(serial: serial)
            let usage = UsageCounters(Usage(cpuTime: .seconds(seconds)))
            return telemetry.counters(of: replica, taking: [id: usage], running: [id]).seconds(.processorTime)
        }
        #expect(time(of: first, 5, 1) == 5)
        #expect(time(of: first, 2, 2) == 7)
        #expect(time(of: second, 1, 3) == 1)
        telemetry.keep([second])
        #expect(time(of: first, 4, 4) == 4)
        #expect(time(of: second, 2, 3) == 2)
    }

    /// An instance that was killed is gone before anybody reads what it used.
    @Test func theKillThatEndedAnInstanceIsCountedOnce() {
        let telemetry = Telemetry()
        let (old, new) = (InstanceID(serial: 1), InstanceID(serial: 2))
        func kills() -> UInt64? {
            telemetry.counters(of: first, taking: [new: UsageCounters(Usage())], running: [new])[.outOfMemoryKills]
        }
        telemetry.outOfMemory(kills: 2, of: old, in: first)
        #expect(kills() == 2)
        #expect(kills() == 2)
        telemetry.outOfMemory(kills: 1, of: new, in: first)
        #expect(kills() == 3)
    }

    @Test func durationsAreSeconds() {
        #expect(Duration.microseconds(1_500_000).inSeconds == 1.5)
    }
}
