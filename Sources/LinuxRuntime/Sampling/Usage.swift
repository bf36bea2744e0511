/// What the processes of one instance use of the host. What is nil was not asked for, or the host does not tell it.
public struct Usage: Hashable, Sendable {
    /// Of all of them, those that have ended included as far as the kernel keeps account; of one core.
    public var cpuTime: Duration
    /// Charged to their cgroup, or else resident: what several of them share is counted once. 0 where it was not asked
    /// for.
    public var memoryBytes: UInt64
    public var processes: Int

    /// How long they had to wait because their quota was used up, in sum.
    public var throttledTime: Duration?
    /// Of the memory, what the kernel could not take back at once: without files that were read and not used lately.
    public var workingSetBytes: UInt64?
    /// The most memory that was ever charged to their cgroup (Linux 5.19).
    public var memoryPeak: UInt64?
    /// How many of them the kernel has killed for want of memory.
    public var outOfMemoryKills: Int?
    /// From and to disks. Without the io controller: by those that run, and those of their children that have ended.
    public var readBytes: UInt64?
    public var writtenBytes: UInt64?
    public var pressure: PressureTotals?
    /// Of all processes together; a process counts at least once.
    public var threads: Int?
    /// Of all processes together.
    public var openDescriptors: Int?
    /// The process that is nearest to its limit of open descriptors.
    public var fullestDescriptors: DescriptorFill?

    public init(cpuTime: Duration = .zero, memoryBytes: UInt64 = 0, processes: Int = 0) {
        self.cpuTime = cpuTime
        self.memoryBytes = memoryBytes
        self.processes = processes
    }
}

/// For how long at least one task has waited, in sum, since the cgroup was made (PSI: `some`).
public struct PressureTotals: Hashable, Sendable {
    public var cpu: Duration?
    public var memory: Duration?
    public var io: Duration?

    public init(cpu: Duration? = nil, memory: Duration? = nil, io: Duration? = nil) {
        self.cpu = cpu
        self.memory = memory
        self.io = io
    }
}

/// How many descriptors a process has open, of how many (RLIMIT_NOFILE).
public struct DescriptorFill: Hashable, Sendable {
    public var open: Int
    public var limit: UInt64

    public init(open: Int, limit: UInt64) {
        self.open = open
        self.limit = limit
    }

    func isFuller(than other: DescriptorFill) -> Bool {
        Double(open) / Double(max(1, limit)) > Double(other.open) / Double(max(1, other.limit))
    }
}

/// What is to be found out beside processor time and the number of processes, which cost next to nothing.
public struct UsageDetail: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// `memoryBytes`.
    public static let memory = UsageDetail(rawValue: 1 << 0)
    /// `memoryPeak` and `outOfMemoryKills`.
    public static let memoryEvents = UsageDetail(rawValue: 1 << 1)
    public static let io = UsageDetail(rawValue: 1 << 2)
    public static let pressure = UsageDetail(rawValue: 1 << 3)
    public static let threads = UsageDetail(rawValue: 1 << 4)
    /// `openDescriptors` and `fullestDescriptors`.
    public static let descriptors = UsageDetail(rawValue: 1 << 5)

    /// `workingSetBytes`.
    public static let workingSet = UsageDetail(rawValue: 1 << 6)

    public static let all: UsageDetail = [
        .memory, .memoryEvents, .io, .pressure, .threads, .descriptors, .workingSet,
    ]
}
