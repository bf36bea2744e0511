/// How much of the host the processes of one instance may use. What is nil is as the kernel has it for a new cgroup:
/// without limit, or with the weight of everybody.
public struct ControlGroupLimits: Hashable, Sendable {
    /// In thousandths of one processor.
    public var cpuQuota: Int?
    /// Over how long a time the quota is counted, in microseconds; longer where the quota is too small for it.
    public var cpuPeriod = 100_000
    /// 1 to 10000; everybody has 100.
    public var cpuWeight: Int?
    /// The processors that they may run on, such as `0-3,7`.
    public var cpuset: String?
    /// In bytes; where they need more, the kernel ends all of them.
    public var memoryMax: UInt64?
    /// In bytes; from here on they are slowed down, and their memory reclaimed.
    public var memoryHigh: UInt64?
    /// In bytes; kept for them where memory is scarce.
    public var memoryLow: UInt64?
    /// In bytes, beside the memory.
    public var swapMax: UInt64?
    /// Processes and threads together.
    public var pidsMax: Int?
    /// 1 to 10000; everybody has 100.
    public var ioWeight: Int?

    /// No limits.
    public init() {}
}

/// What can be limited, by the names of the stack file.
public enum LimitedResource: String, CaseIterable, Sendable {
    case cpus
    case cpuWeight = "cpu_weight"
    case cpuset
    case memoryReservation = "memory_reservation"
    case memoryHigh = "memory_high"
    case swap
    case memory
    case pids
    case ioWeight = "io_weight"
}

/// A limit that does not hold.
public struct UnenforcedLimit: Hashable, Sendable {
    public var resource: LimitedResource
    /// Why, in words: "no memory controller".
    public var reason: String

    public init(_ resource: LimitedResource, because reason: String) {
        self.resource = resource
        self.reason = reason
    }

    /// Of a host without cgroups: all that these limits name.
    static func all(of limits: ControlGroupLimits) -> [UnenforcedLimit] {
        LimitedResource.allCases.filter(limits.names).map { UnenforcedLimit($0, because: "no cgroup") }
    }
}

/// How the kernel is told, as its admin-guide/cgroup-v2.rst has it.
extension ControlGroupLimits {
    /// One file of a cgroup, and what it is to say.
    struct Setting: Hashable {
        var file: String
        var text: String
    }

    /// Whether the resource is limited by these.
    public func names(_ resource: LimitedResource) -> Bool {
        switch resource {
        case .cpus: cpuQuota != nil
        case .cpuWeight: cpuWeight != nil
        case .cpuset: cpuset != nil
        case .memory: memoryMax != nil
        case .memoryHigh: memoryHigh != nil
        case .memoryReservation: memoryLow != nil
        case .swap: swapMax != nil
        case .pids: pidsMax != nil
        case .ioWeight: ioWeight != nil
        }
    }

    /// What to write for a resource, in this order; the kernel's default where it is not limited.
    func settings(of resource: LimitedResource) -> [Setting] {
        switch resource {
        case .cpus: [Setting(file: "cpu.max", text: cpuMax)]
        case .cpuWeight: [Setting(file: "cpu.weight", text: String(cpuWeight ?? 100))]
        case .cpuset: [Setting(file: "cpuset.cpus", text: cpuset ?? "")]
        case .memory:
            // First, as more than the new maximum may be in use already. A part of an instance is of no use.
            [
                Setting(file: "memory.oom.group", text: memoryMax == nil ? "0" : "1"),
                Setting(file: "memory.max", text: memoryMax.map { String($0) } ?? "max"),
            ]
        case .memoryHigh: [Setting(file: "memory.high", text: memoryHigh.map { String($0) } ?? "max")]
        case .memoryReservation: [Setting(file: "memory.low", text: String(memoryLow ?? 0))]
        case .swap: [Setting(file: "memory.swap.max", text: swapMax.map { String($0) } ?? "max")]
        case .pids: [Setting(file: "pids.max", text: pidsMax.map { String($0) } ?? "max")]
        case .ioWeight:
            [
                Setting(file: "io.weight", text: "default \(ioWeight ?? 100)"),
                Setting(file: "io.bfq.weight", text: "default \(bfqWeight)"),
            ]
        }
    }

    /// The kernel takes quotas from 1 ms, periods up to 1 s, and no number without bounds.
    private var cpuMax: String {
        guard let cpuQuota else { return "max 100000" }
        let quota = min(max(cpuQuota, 1), 1_000_000_000)
        let period = min(max(cpuPeriod, (1_000_000 + quota - 1) / quota), 1_000_000)
        return "\(max(period * quota / 1000, 1000)) \(period)"
    }

    /// BFQ has 1 to 1000, and 100 for everybody too; between, as systemd converts it.
    private var bfqWeight: Int {
        let weight = ioWeight ?? 100
        return weight <= 100 ? weight : 100 + (weight - 100) * (1000 - 100) / (10_000 - 100)
    }
}

extension LimitedResource {
    /// The kernel's controller that enforces it.
    var controller: String {
        switch self {
        case .cpus, .cpuWeight: "cpu"
        case .cpuset: "cpuset"
        case .memory, .memoryHigh, .memoryReservation, .swap: "memory"
        case .pids: "pids"
        case .ioWeight: "io"
        }
    }
}
