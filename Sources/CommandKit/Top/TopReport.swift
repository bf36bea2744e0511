import ControlProtocol

/// A sample of `top` for programs: with the rates, which a single answer of the daemon does not tell.
struct TopReport: Hashable, Codable, Sendable {
    struct Host: Hashable, Codable, Sendable {
        var processors: Int
        /// Of one processor.
        var cpuPercent: Double?
        var memoryBytes: UInt64
        var memoryTotalBytes: UInt64

        enum CodingKeys: String, CodingKey {
            case processors
            case cpuPercent = "cpu_percent"
            case memoryBytes = "memory_bytes"
            case memoryTotalBytes = "memory_total_bytes"
        }
    }

    /// How many replicas a service is to have, and who says so.
    struct Service: Hashable, Codable, Sendable {
        var service: String
        var scale: Int
        var scaling: ScalingDocument
    }

    struct Replica: Hashable, Codable, Sendable {
        var service: String
        var replica: Int
        var state: ReplicaDocument.State
        var ready: Bool
        var pid: Int32?
        /// Tells apart the two of a name while one is replaced.
        var instance: UInt64?
        /// Of one processor.
        var cpuPercent: Double?
        var memoryBytes: UInt64?
        var processes: Int?
        var threads: Int?
        var openDescriptors: Int?
        /// From and to disks.
        var diskBytesPerSecond: Double?
        /// How much of the time it had to wait for what it lacked most (PSI).
        var waitPercent: Double?
        /// How much of the time it was held back by its limit of processor time.
        var throttledPercent: Double?
        var memoryPeakBytes: UInt64?
        var oomKills: Int?
        var restarts: Int
        var since: Timestamp
        var reason: String

        enum CodingKeys: String, CodingKey {
            case service, replica, state, ready, pid, instance, processes, threads, restarts, since, reason
            case cpuPercent = "cpu_percent"
            case memoryBytes = "memory_bytes"
            case openDescriptors = "open_descriptors"
            case diskBytesPerSecond = "io_bytes_per_second"
            case waitPercent = "wait_percent"
            case throttledPercent = "cpu_throttled_percent"
            case memoryPeakBytes = "memory_peak_bytes"
            case oomKills = "oom_kills"
        }

        /// What is not known is null, so that every replica has the same keys.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(service, forKey: .service)
            try container.encode(replica, forKey: .replica)
            try container.encode(state, forKey: .state)
            try container.encode(ready, forKey: .ready)
            try container.encode(pid, forKey: .pid)
            try container.encode(instance, forKey: .instance)
            try container.encode(cpuPercent, forKey: .cpuPercent)
            try container.encode(memoryBytes, forKey: .memoryBytes)
            try container.encode(processes, forKey: .processes)
            try container.encode(threads, forKey: .threads)
            try container.encode(openDescriptors, forKey: .openDescriptors)
            try container.encode(diskBytesPerSecond, forKey: .diskBytesPerSecond)
            try container.encode(waitPercent, forKey: .waitPercent)
            try container.encode(throttledPercent, forKey: .throttledPercent)
            try container.encode(memoryPeakBytes, forKey: .memoryPeakBytes)
            try container.encode(oomKills, forKey: .oomKills)
            try container.encode(restarts, forKey: .restarts)
            try container.encode(since, forKey: .since)
            try container.encode(reason, forKey: .reason)
        }
    }

    var time: Timestamp
    var stack: String
    var state: StackDocument.State
    var ready: Bool
    var host: Host?
    var services: [Service]
    var replicas: [Replica]

    /// Nil before the model has its first sample.
    init?(_ model: TopModel) {
        guard let sample = model.sample else { return nil }
        time = sample.time
        stack = sample.stack.name
        state = sample.stack.state
        ready = sample.stack.ready
        host = sample.host.map { host in
            Host(
                processors: host.processors, cpuPercent: model.hostPercent, memoryBytes: host.memoryBytes,
                memoryTotalBytes: host.memoryTotalBytes)
        }
        services = sample.services.map { Service(service: $0.name, scale: $0.scale, scaling: $0.scaling) }
        replicas = model.rows.map { row in
            let (history, usage) = (row.history, row.history.usage)
            return Replica(
                service: row.replica.service, replica: row.replica.replica, state: row.replica.state,
                ready: row.replica.ready, pid: row.replica.pid, instance: row.replica.instance,
                cpuPercent: history.processorPercent, memoryBytes: history.memoryBytes,
                processes: history.processes, threads: usage?.threads, openDescriptors: usage?.openDescriptors,
                diskBytesPerSecond: history.diskRate, waitPercent: history.waitPercent,
                throttledPercent: history.throttledPercent, memoryPeakBytes: usage?.memoryPeakBytes,
                oomKills: usage?.oomKills, restarts: row.replica.restarts, since: row.replica.since,
                reason: row.replica.reason)
        }
    }
}

/// The table of `top` where it is not live.
func usageTable(_ rows: [TopRow], now: Timestamp) -> Table {
    var table = Table(
        "REPLICA", "STATE", "CPU", "MEM", .init("PROCESSES", leaving: 1), .init("FDS", leaving: 3),
        .init("IO/S", leaving: 2), .init("WAIT", leaving: 4), .init("OOM", leaving: 0), .init("RESTARTS", leaving: 6),
        .init("SINCE", leaving: 7), .init("REASON", leaving: 5))
    for row in rows {
        table.append(
            Table.Cell(row.name), Table.Cell(row.replica.word, row.replica.style),
            Table.Cell(row.history.processorPercent.map(percentText) ?? "-"),
            Table.Cell(row.history.memoryBytes.map(bytesText) ?? "-"),
            Table.Cell(row.history.processes.map { "\($0)" } ?? "-"),
            Table.Cell(row.history.usage?.openDescriptors.map { "\($0)" } ?? "-"),
            Table.Cell(row.history.diskRate.map { bytesText(UInt64($0)) } ?? "-"),
            Table.Cell(row.history.waitPercent.map(percentText) ?? "-"),
            Table.Cell(row.history.usage?.oomKills.map { "\($0)" } ?? "-"),
            Table.Cell("\(row.replica.restarts)", row.replica.restarts > 0 ? .yellow : .plain),
            Table.Cell(age(from: row.replica.since, to: now)), Table.Cell(row.replica.remark))
    }
    return table
}
