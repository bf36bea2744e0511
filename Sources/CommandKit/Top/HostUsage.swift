import Glibc

/// What the whole host uses, which is the daemon's: its socket does not leave it.
struct HostUsage: Hashable, Sendable {
    var processors: Int
    /// Since the boot, of all processors together, in units of the kernel's own.
    var busyTicks: UInt64
    var allTicks: UInt64
    var memoryBytes: UInt64
    var memoryTotalBytes: UInt64

    /// Nil where the kernel does not tell.
    static func now() -> HostUsage? {
        guard let stat = content(of: "/proc/stat"), let memory = content(of: "/proc/meminfo") else { return nil }
        return HostUsage(stat: stat, memory: memory)
    }

    /// - Parameters: as in /proc/stat and /proc/meminfo (proc(5)).
    init?(stat: String, memory: String) {
        let lines = stat.split(separator: "\n").filter { $0.hasPrefix("cpu") }
        // user, nice, system, idle, iowait, irq, softirq, steal; guests' times are in the first two.
        guard let ticks = lines.first?.split(separator: " ").dropFirst().prefix(8).map({ UInt64($0) ?? 0 }),
            ticks.count >= 4
        else { return nil }
        let idle = ticks[3] + (ticks.count > 4 ? ticks[4] : 0)
        allTicks = ticks.reduce(0, &+)
        busyTicks = allTicks - min(allTicks, idle)
        processors = lines.count - 1
        guard let total = Self.bytes("MemTotal:", in: memory), let free = Self.bytes("MemAvailable:", in: memory)
        else { return nil }
        memoryTotalBytes = total
        memoryBytes = total - min(total, free)
    }

    /// The share of all processors' time since then that was used, in percent of one processor.
    func processorPercent(since earlier: HostUsage) -> Double? {
        guard allTicks > earlier.allTicks, busyTicks >= earlier.busyTicks else { return nil }
        let share = Double(busyTicks - earlier.busyTicks) / Double(allTicks - earlier.allTicks)
        return 100 * share * Double(processors)
    }

    private static func bytes(_ key: String, in memory: String) -> UInt64? {
        let line = memory.split(separator: "\n").first { $0.hasPrefix(key) }
        return line?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
    }

    private static func content(of path: String) -> String? {
        let bytes = try? Descriptor.open(path, O_RDONLY).readToEnd(limit: 1 << 20)
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }
}
