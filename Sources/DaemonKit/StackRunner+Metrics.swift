public import ControlProtocol
public import ControlServer
import LinuxRuntime
import StackModel
import SupervisorCore

/// What the stack and the daemon do and use, in numbers.
extension StackRunner {
    public nonisolated func usage() async -> [UsageDocument] {
        // Read on the caller's thread: it takes its time, and the loop has else to do.
        await usageSample().documents()
    }

    public nonisolated func metrics() async -> StackMetrics {
        var (metrics, sample) = await counters()
        let usage = Dictionary(sample.documents().map { ($0.replicaName, $0) }) { $0.adding($1) }
        for service in metrics.services.indices {
            for replica in metrics.services[service].replicas.indices {
                let name = metrics.services[service].replicas[replica].document.name
                metrics.services[service].replicas[replica].usage = usage[name]
            }
        }
        let own = OwnUsage.read()
        metrics.daemon.residentBytes = own.residentBytes
        metrics.daemon.cpuSeconds = own.cpuTime.inSeconds
        metrics.daemon.openDescriptors = own.openDescriptors
        return metrics
    }

    /// All that only the loop knows.
    private func counters() async -> (StackMetrics, UsageSample) {
        let routes = await routes()
        let services = supervisor.snapshot().services
        let telemetry = interpreter.telemetry
        telemetry.keep(Set(services.flatMap { $0.replicas.map(\.id) }))
        let daemon = StackMetrics.Daemon(
            turns: telemetry.turns, spawns: telemetry.spawns, residentBytes: 0, cpuSeconds: 0, openDescriptors: 0,
            events: history.newest)
        let metrics = StackMetrics(stack: stack(), services: services.map(metrics), routes: routes, daemon: daemon)
        return (metrics, usageSample())
    }

    private func metrics(_ service: ServiceSnapshot) -> StackMetrics.Service {
        let mapping = WireMapping(clock)
        let replicas = service.slots.map { replica in
            let log = interpreter.logs.counts(of: replica.id)
            return StackMetrics.Replica(
                document: mapping.document(replica),
                restarts: replica.restartCauses.map { ($0.cause.rawValue, $0.count) },
                probes: interpreter.telemetry.probes(of: replica.id), usage: nil, logLines: log.lines,
                logBytes: log.bytes, droppedLogLines: log.droppedLines, droppedLogBytes: log.droppedBytes)
        }
        return StackMetrics.Service(document: document(service), replicas: replicas)
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
            read: interpreter.containments.sampleUsage(of: instances.map(\.containment.id)))
    }
}

/// The usage of the instances at one moment, which is yet to be read.
private struct UsageSample: Sendable {
    var instances: [(replica: ReplicaID, id: InstanceID)]
    var time: Timestamp
    var read: @Sendable () -> [Usage?]

    func documents() -> [UsageDocument] {
        zip(instances, read()).compactMap { instance, usage in
            usage.map {
                UsageDocument(
                    service: instance.replica.service.text, replica: instance.replica.index,
                    instance: instance.id.serial, time: time, cpuSeconds: $0.cpuTime.inSeconds,
                    memoryBytes: $0.memoryBytes, processes: $0.processes)
            }
        }
    }
}

extension ServiceSnapshot {
    /// One replica for each slot, as things can be told of a slot only once: where others come and go beside it, one that
    /// is ready.
    var slots: [ReplicaSnapshot] {
        replicas.reduce(into: []) { slots, replica in
            guard slots.last?.id == replica.id else { return slots.append(replica) }
            if slots.last?.isReady == false, replica.isReady { slots[slots.count - 1] = replica }
        }
    }
}

extension UsageDocument {
    fileprivate var replicaName: String { "\(service)/\(replica)" }

    /// Of instances of one replica together.
    fileprivate func adding(_ other: UsageDocument) -> UsageDocument {
        var sum = other
        sum.cpuSeconds += cpuSeconds
        sum.memoryBytes += memoryBytes
        sum.processes += processes
        return sum
    }
}
