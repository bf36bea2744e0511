public import ControlProtocol
public import ControlServer
import LinuxRuntime
import StackModel
import SupervisorCore

/// What the stack and the daemon do and use, in numbers.
extension StackRunner {
    public nonisolated func usage() async -> [UsageDocument] {
        // Read on the caller's thread: it takes its time, and the loop has else to do.
        let sample = await usageSample()
        return sample.readings().map { UsageDocument($0.usage, of: $0.instance, in: $0.replica, at: sample.time) }
    }

    public nonisolated func metrics() async -> StackMetrics {
        let readings = await usageSample().readings()
        var metrics = await counters(readings)
        let own = OwnUsage.read()
        metrics.daemon.residentBytes = own.residentBytes
        metrics.daemon.cpuSeconds = own.cpuTime.inSeconds
        metrics.daemon.openDescriptors = own.openDescriptors
        metrics.hostPressure = HostLoad.read().pressure
        return metrics
    }

    /// All that only the loop knows.
    private func counters(_ readings: [UsageReading]) async -> StackMetrics {
        let routes = await routes()
        let services = supervisor.snapshot().services
        let telemetry = interpreter.telemetry
        telemetry.keep(Set(services.flatMap { $0.replicas.map(\.id) }))
        let daemon = StackMetrics.Daemon(
            turns: telemetry.turns, spawns: telemetry.spawns, residentBytes: 0, cpuSeconds: 0, openDescriptors: 0,
            events: history.newest)
        let usage = usage(readings)
        return StackMetrics(
            stack: stack(), services: services.map { metrics($0, usage) }, routes: routes, daemon: daemon)
    }

    private func metrics(_ service: ServiceSnapshot, _ usage: [ReplicaID: StackMetrics.Usage]) -> StackMetrics.Service {
        let mapping = WireMapping(clock)
        let replicas = service.slots.map { replica in
            let log = interpreter.logs.counts(of: replica.id)
            return StackMetrics.Replica(
                document: mapping.document(replica),
                restarts: replica.restartCauses.map { ($0.cause.rawValue, $0.count) },
                probes: interpreter.telemetry.probes(of: replica.id), usage: usage[replica.id], logLines: log.lines,
                logBytes: log.bytes, droppedLogLines: log.droppedLines, droppedLogBytes: log.droppedBytes)
        }
        return StackMetrics.Service(document: document(service), replicas: replicas)
    }

    /// Of each replica's instances together.
    private func usage(_ readings: [UsageReading]) -> [ReplicaID: StackMetrics.Usage] {
        let running = Set(interpreter.runningInstances.map(\.id))
        return Dictionary(grouping: readings, by: \.replica).reduce(into: [:]) { all, entry in
            let (replica, readings) = entry
            let counters = Dictionary(readings.map { ($0.instance, UsageCounters($0.usage)) }) { first, _ in first }
            all[replica] = StackMetrics.Usage(
                readings.map(\.usage),
                interpreter.telemetry.counters(of: replica, taking: counters, running: running))
        }
    }

    private func routes() async -> [StackMetrics.Route] {
        StackMetrics.Route.all(in: await interpreter.routes.statistics()) { [supervisor] service, route in
            supervisor.spec(of: service)?.routes.first { $0.name == route }?.mode
        }
    }

    private func usageSample() -> UsageSample {
        let instances = interpreter.runningInstances
        return UsageSample(
            instances: instances.map { ($0.replica, $0.id) }, time: clock.now,
            read: interpreter.containments.sampleUsage(of: instances.map(\.containment.id), .all))
    }
}

/// What was read of one instance.
private struct UsageReading: Sendable {
    var replica: ReplicaID
    var instance: InstanceID
    var usage: Usage
}

/// The usage of the instances at one moment, which is yet to be read.
private struct UsageSample: Sendable {
    var instances: [(replica: ReplicaID, id: InstanceID)]
    var time: Timestamp
    var read: @Sendable () -> [Usage?]

    func readings() -> [UsageReading] {
        zip(instances, read()).compactMap { instance, usage in
            usage.map { UsageReading(replica: instance.replica, instance: instance.id, usage: $0) }
        }
    }
}
