/// One entry of `GET /v1/usage`: what one instance uses of the host. Rates are the difference of two answers; what is
/// nil the host does not tell.
public struct UsageDocument: Hashable, Codable, Sendable {
    public var service: String
    /// The replica's index.
    public var replica: Int
    /// The serial number of the incarnation.
    public var instance: UInt64
    /// When it was read.
    public var time: Timestamp
    /// Of all its processes, those that have ended included, since it was started; seconds of one core.
    public var cpuSeconds: Double
    /// Of all its processes, in bytes: charged to its cgroup, or, where the host has no such account, resident.
    public var memoryBytes: UInt64
    public var processes: Int

    /// How long it had to wait because its limit was used up.
    public var throttledSeconds: Double?
    /// How long at least one of its tasks had to wait for each (PSI).
    public var cpuPressureSeconds: Double?
    public var memoryPressureSeconds: Double?
    public var ioPressureSeconds: Double?
    /// The most that was ever charged to its cgroup.
    public var memoryPeakBytes: UInt64?
    /// How many of its processes the kernel has killed for want of memory.
    public var oomKills: Int?
    /// From and to disks.
    public var readBytes: UInt64?
    public var writtenBytes: UInt64?
    public var threads: Int?
    /// Of all its processes together.
    public var openDescriptors: Int?
    /// Of the process that is nearest to its limit of open descriptors: how much of that it has open, 0 to 1.
    public var descriptorRatio: Double?

    public init(
        service: String, replica: Int, instance: UInt64, time: Timestamp, cpuSeconds: Double, memoryBytes: UInt64,
        processes: Int
    ) {
        self.service = service
        self.replica = replica
        self.instance = instance
        self.time = time
        self.cpuSeconds = cpuSeconds
        self.memoryBytes = memoryBytes
        self.processes = processes
    }

    enum CodingKeys: String, CodingKey {
        case service, replica, instance, time, processes, threads
        case cpuSeconds = "cpu_seconds"
        case throttledSeconds = "cpu_throttled_seconds"
        case cpuPressureSeconds = "cpu_pressure_seconds"
        case memoryBytes = "memory_bytes"
        case memoryPeakBytes = "memory_peak_bytes"
        case memoryPressureSeconds = "memory_pressure_seconds"
        case oomKills = "oom_kills"
        case readBytes = "io_read_bytes"
        case writtenBytes = "io_written_bytes"
        case ioPressureSeconds = "io_pressure_seconds"
        case openDescriptors = "open_descriptors"
        case descriptorRatio = "descriptor_ratio"
    }
}

extension UsageDocument: WireDocument {
    public static let summary = """
        What one instance uses of the host; rates are the difference of two answers. What the host does not tell is \
        not there.
        """
    public static let properties: [WireProperty<UsageDocument>] = [
        .optional(
            "cpu_pressure_seconds", \.cpuPressureSeconds,
            "How long at least one of its tasks had to wait for a processor (PSI)."),
        .init(
            "cpu_seconds", \.cpuSeconds,
            "Of all its processes, those that have ended included, since it was started; seconds of one core."),
        .optional(
            "cpu_throttled_seconds", \.throttledSeconds, "How long it had to wait because its limit was used up."),
        .optional(
            "descriptor_ratio", \.descriptorRatio,
            "Of the process that is nearest to its limit of open descriptors: how much of that it has open, 0 to 1."),
        .init("instance", \.instance, "Its serial number."),
        .optional(
            "io_pressure_seconds", \.ioPressureSeconds,
            "How long at least one of its tasks had to wait for a disk (PSI)."),
        .optional("io_read_bytes", \.readBytes, "What it has read from disks."),
        .optional("io_written_bytes", \.writtenBytes, "What it has written to disks."),
        .init(
            "memory_bytes", \.memoryBytes,
            "Of all its processes: charged to its cgroup, or, where the host has no such account, resident."),
        .optional("memory_peak_bytes", \.memoryPeakBytes, "The most memory that it ever had."),
        .optional(
            "memory_pressure_seconds", \.memoryPressureSeconds,
            "How long at least one of its tasks had to wait for memory (PSI)."),
        .optional("oom_kills", \.oomKills, "How many of its processes the kernel has killed for want of memory."),
        .optional("open_descriptors", \.openDescriptors, "How many descriptors its processes have open together."),
        .init("processes", \.processes, "How many processes it has."),
        .init("replica", \.replica, "Its replica's index."),
        .init("service", \.service, "Its service."),
        .optional("threads", \.threads, "How many threads its processes have together."),
        .init("time", \.time, "When it was read."),
    ]
}
