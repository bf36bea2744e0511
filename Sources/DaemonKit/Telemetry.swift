import ControlServer
import LinuxRuntime
import StackModel
import SupervisorCore

/// What the daemon measures of its own work. It belongs to the loop's thread.
final class Telemetry {
    typealias Histogram = StackMetrics.Histogram

    /// How long the loop was busy, by turn.
    private(set) var turns = Histogram()
    /// How long it took to make instances.
    private(set) var spawns = Histogram()
    private var probes: [ReplicaID: [ProbeRole: StackMetrics.Probe]] = [:]
    private var counters: [ReplicaID: ReplicaCounters] = [:]

    func turnTook(_ duration: Duration) {
        turns.observe(duration.inSeconds)
    }

    func spawnTook(_ duration: Duration) {
        spawns.observe(duration.inSeconds)
    }

    func probeTook(_ duration: Duration, _ role: ProbeRole, of replica: ReplicaID, hasPassed: Bool) {
        var probe = probes[replica]?[role] ?? StackMetrics.Probe(role: role.rawValue)
        // Taken out, so that its buckets are not copied.
        probes[replica]?[role] = nil
        if hasPassed { probe.passed += 1 } else { probe.failed += 1 }
        probe.latency.observe(duration.inSeconds)
        probes[replica, default: [:]][role] = probe
    }

    /// By role, those that have run.
    func probes(of replica: ReplicaID) -> [StackMetrics.Probe] {
        ProbeRole.allCases.compactMap { probes[replica]?[$0] }
    }

    /// Takes what was read of a replica's instances, and returns what it has used since the daemon began, as far as it
    /// was read.
    func counters(
        of replica: ReplicaID, taking readings: [InstanceID: UsageCounters], running: Set<InstanceID>
    ) -> UsageCounters {
        counters[replica, default: ReplicaCounters()].take(readings, running: running)
        return counters[replica]?.total ?? UsageCounters()
    }

    /// Counts the processes that the kernel killed for want of memory in an instance, where that has ended.
    func outOfMemory(kills: Int, of instance: InstanceID, in replica: ReplicaID) {
        counters[replica, default: ReplicaCounters()].take(UsageCounters(outOfMemoryKills: kills), ofEnding: instance)
    }

    /// Forgets the replicas that are not there any more.
    func keep(_ replicas: Set<ReplicaID>) {
        probes = probes.filter { replicas.contains($0.key) }
        counters = counters.filter { replicas.contains($0.key) }
    }
}

extension Duration {
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
