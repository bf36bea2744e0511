/// One entry of `GET /v1/usage`: what one instance uses of the host. Rates are the difference of two answers.
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
        case service, replica, instance, time, processes
        case cpuSeconds = "cpu_seconds"
        case memoryBytes = "memory_bytes"
    }
}

extension UsageDocument: WireDocument {
    public static let summary = "What one instance uses of the host; rates are the difference of two answers."
    public static let properties: [WireProperty<UsageDocument>] = [
        .init(
            "cpu_seconds", \.cpuSeconds,
            "Of all its processes, those that have ended included, since it was started; seconds of one core."),
        .init("instance", \.instance, "Its serial number."),
        .init(
            "memory_bytes", \.memoryBytes,
            "Of all its processes: charged to its cgroup, or, where the host has no such account, resident."),
        .init("processes", \.processes, "How many processes it has."),
        .init("replica", \.replica, "Its replica's index."),
        .init("service", \.service, "Its service."),
        .init("time", \.time, "When it was read."),
    ]
}
