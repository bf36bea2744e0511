/// What each instance of a service may use of the host; nil is without limit, or the kernel's standard.
public struct ResourceSpec: Hashable, Sendable {
    /// The processor time that it may use (cpu.max).
    public var cpus: Millicores?
    /// How the scheduler counts that, in microseconds.
    public var cpuPeriod: Int
    /// Its share where processors are scarce, 1 to 10000 (cpu.weight).
    public var cpuWeight: Int?
    /// The processors that it may run on, such as `0-3` (cpuset.cpus).
    public var cpuSet: String?
    /// The memory that it may use; more ends it (memory.max).
    public var memory: ByteCount?
    /// From here on it is slowed down, and its memory reclaimed (memory.high).
    public var memoryHigh: ByteCount?
    /// What is kept for it where memory is scarce (memory.low).
    public var memoryReservation: ByteCount?
    /// The swap that it may use beside its memory (memory.swap.max).
    public var swap: ByteCount?
    /// The processes and threads that it may have (pids.max).
    public var pids: Int?
    /// Its share of what disks can do, 1 to 10000 (io.weight).
    public var ioWeight: Int?
    /// What is kept for it of the processors: what `cpu` of `autoscale` is a percentage of, before `cpus`.
    public var cpuReservation: Millicores?

    public init(
        cpus: Millicores? = nil, cpuPeriod: Int = 100_000, cpuWeight: Int? = nil, cpuSet: String? = nil,
        memory: ByteCount? = nil, memoryHigh: ByteCount? = nil, memoryReservation: ByteCount? = nil,
        swap: ByteCount? = nil, pids: Int? = nil, ioWeight: Int? = nil, cpuReservation: Millicores? = nil
    ) {
        self.cpus = cpus
        self.cpuPeriod = cpuPeriod
        self.cpuWeight = cpuWeight
        self.cpuSet = cpuSet
        self.memory = memory
        self.memoryHigh = memoryHigh
        self.memoryReservation = memoryReservation
        self.swap = swap
        self.pids = pids
        self.ioWeight = ioWeight
        self.cpuReservation = cpuReservation
    }

    /// What a percentage of the processor is of: Kubernetes' request, which is the limit where it is not given; one
    /// processor where neither is.
    public var cpuRequest: Millicores { cpuReservation ?? cpus ?? Millicores(1000) }

    /// What a percentage of the memory is of; nil where nothing is said.
    public var memoryRequest: ByteCount? { memoryReservation ?? memory }
}
