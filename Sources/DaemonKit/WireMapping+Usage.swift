import ControlProtocol
import ControlServer
import LinuxRuntime
import StackModel
import SupervisorCore

extension UsageDocument {
    init(_ usage: Usage, of instance: InstanceID, in replica: ReplicaID, at time: Timestamp) {
        self.init(
            service: replica.service.text, replica: replica.index, instance: instance.serial, time: time,
            cpuSeconds: usage.cpuTime.inSeconds, memoryBytes: usage.memoryBytes, processes: usage.processes)
        throttledSeconds = usage.throttledTime?.inSeconds
        cpuPressureSeconds = usage.pressure?.cpu?.inSeconds
        memoryPressureSeconds = usage.pressure?.memory?.inSeconds
        ioPressureSeconds = usage.pressure?.io?.inSeconds
        memoryPeakBytes = usage.memoryPeak
        oomKills = usage.outOfMemoryKills
        readBytes = usage.readBytes
        writtenBytes = usage.writtenBytes
        threads = usage.threads
        openDescriptors = usage.openDescriptors
        descriptorRatio = usage.fullestDescriptors?.ratio
    }
}

extension StackMetrics.Usage {
    /// Of a replica: what its instances use now, and what it has used so far.
    init(_ usages: [Usage], _ counters: UsageCounters) {
        /// Nil where none of them has it.
        func sum(_ value: (Usage) -> Int?) -> Int? {
            let values = usages.compactMap(value)
            return values.isEmpty ? nil : values.reduce(0, +)
        }
        self.init(
            cpuSeconds: counters.seconds(.processorTime) ?? 0, memoryBytes: usages.reduce(0) { $0 + $1.memoryBytes },
            processes: usages.reduce(0) { $0 + $1.processes })
        throttledSeconds = counters.seconds(.throttledTime)
        readBytes = counters[.read].map { Double($0) }
        writtenBytes = counters[.written].map { Double($0) }
        oomKills = counters[.outOfMemoryKills].map { Double($0) }
        let pressures: [(String, UsageCounters.Kind)] = [
            ("cpu", .processorPressure), ("memory", .memoryPressure), ("io", .ioPressure),
        ]
        pressureSeconds = pressures.compactMap { resource, kind in counters.seconds(kind).map { (resource, $0) } }
        memoryPeakBytes = usages.compactMap(\.memoryPeak).max()
        threads = sum(\.threads)
        openDescriptors = sum(\.openDescriptors)
        descriptorRatio = usages.compactMap(\.fullestDescriptors?.ratio).max()
    }
}

extension DescriptorFill {
    fileprivate var ratio: Double { Double(open) / Double(max(1, limit)) }
}

extension HostLoad {
    /// By resource, without those of which the host keeps no account.
    var pressure: [(resource: String, ratio: Double)] {
        let pressures = [("cpu", cpuPressure), ("memory", memoryPressure), ("io", ioPressure)]
        return pressures.compactMap { resource, pressure in
            pressure.map { (resource, Double($0.some) / 1_000) }
        }
    }
}
