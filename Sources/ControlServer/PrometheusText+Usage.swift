/// What replicas use of the host, and how busy that is. What it does not tell has no samples.
extension PrometheusText {
    mutating func writeUsage(_ replicas: [StackMetrics.Replica]) {
        func write(_ name: String, _ kind: Kind, _ help: String, _ value: (StackMetrics.Usage) -> Double?) {
            family(name, kind, help) { writer in
                for replica in replicas {
                    guard let value = replica.usage.flatMap(value) else { continue }
                    writer.sample(Self.labels(replica), value)
                }
            }
        }
        write("stackd_replica_cpu_seconds_total", .counter, "Processor time of the replica's instances.", \.cpuSeconds)
        write(
            "stackd_replica_cpu_throttled_seconds_total", .counter,
            "How long the replica's instances had to wait because their limit was used up.", \.throttledSeconds)
        write("stackd_replica_io_read_bytes_total", .counter, "What they have read from disks.", \.readBytes)
        write("stackd_replica_io_written_bytes_total", .counter, "What they have written to disks.", \.writtenBytes)
        write(
            "stackd_replica_oom_kills_total", .counter, "Processes that the kernel has killed for want of memory.",
            \.oomKills)
        write("stackd_replica_memory_bytes", .gauge, "Memory of what runs of the replica.") { Double($0.memoryBytes) }
        write("stackd_replica_memory_peak_bytes", .gauge, "The most memory that what runs of it has ever had.") {
            $0.memoryPeakBytes.map { Double($0) }
        }
        write("stackd_replica_processes", .gauge, "Processes that run of the replica.") { Double($0.processes) }
        write("stackd_replica_threads", .gauge, "Threads that run of the replica.") { $0.threads.map { Double($0) } }
        write("stackd_replica_open_fds", .gauge, "Open descriptors of the replica's processes.") {
            $0.openDescriptors.map { Double($0) }
        }
        write(
            "stackd_replica_open_fds_ratio", .gauge,
            "How much of its limit of open descriptors that process has open which is nearest to it.",
            \.descriptorRatio)
        writePressure(replicas)
    }

    private mutating func writePressure(_ replicas: [StackMetrics.Replica]) {
        family(
            "stackd_replica_pressure_seconds_total", .counter,
            "How long at least one task of the replica's instances had to wait, by resource."
        ) { writer in
            for replica in replicas {
                for (resource, seconds) in replica.usage?.pressureSeconds ?? [] {
                    writer.sample(Self.labels(replica) + [("resource", resource)], seconds)
                }
            }
        }
    }

    mutating func writeHost(_ metrics: StackMetrics) {
        family(
            "stackd_host_pressure", .gauge,
            "For how much of the last 10 s at least one task of the host had to wait, 0 to 1, by resource."
        ) { writer in
            for (resource, ratio) in metrics.hostPressure { writer.sample([("resource", resource)], ratio) }
        }
    }
}
