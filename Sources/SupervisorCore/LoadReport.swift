public import StackModel

/// What the autoscaler asks of the world before it decides.
public struct LoadRequest: Hashable, Sendable {
    public var service: ServiceName
    /// Greater than that of any before, so that a late answer is recognised.
    public var run: UInt64
    public var metrics: [LoadMetric]
    /// Those that run, surge included: what they do is load of their slots.
    public var instances: [InstanceID]

    public init(service: ServiceName, run: UInt64, metrics: [LoadMetric], instances: [InstanceID]) {
        self.service = service
        self.run = run
        self.metrics = metrics
        self.instances = instances
    }
}

/// What was found out: of the service's load, and of the host.
public struct LoadReport: Hashable, Sendable {
    /// One for each metric, in their order.
    public var readings: [Reading]
    /// The processor time that each instance used, in thousandths of a processor, whatever the metrics are.
    public var processor: [Sample]
    /// The memory that each has, in bytes, likewise.
    public var memory: [Sample]
    /// Connections and requests that are open or wait at its listeners and routes; nil where nobody can tell.
    public var connections: Int?
    public var host: HostRoom

    public init(
        readings: [Reading], processor: [Sample] = [], memory: [Sample] = [], connections: Int? = nil,
        host: HostRoom = HostRoom()
    ) {
        self.readings = readings
        self.processor = processor
        self.memory = memory
        self.connections = connections
        self.host = host
    }

    public enum Reading: Hashable, Sendable {
        /// Of each instance that told it, in the order of the instances.
        case instances([Sample])
        /// Of the service as a whole, in the metric's unit.
        case service(Int)
        case failed(String)
    }

    /// One value of one instance, in the metric's unit: thousandths, or bytes.
    public struct Sample: Hashable, Sendable {
        public var instance: InstanceID
        public var value: Int
        /// When it was taken, and over how long a time: zero for what is true of a moment.
        public var time: Instant
        public var window: Duration

        public init(instance: InstanceID, value: Int, time: Instant, window: Duration = .zero) {
            self.instance = instance
            self.value = value
            self.time = time
            self.window = window
        }
    }
}

/// How much room the host has; what it does not tell is nil.
public struct HostRoom: Hashable, Sendable {
    /// PSI, `some`, the average of 10 s, in thousandths.
    public var cpuPressure: Int?
    public var memoryPressure: Int?
    public var ioPressure: Int?
    /// What processes can have without swapping.
    public var availableMemory: ByteCount?
    public var memory: ByteCount?
    public var cpus: Millicores?

    public init(
        cpuPressure: Int? = nil, memoryPressure: Int? = nil, ioPressure: Int? = nil,
        availableMemory: ByteCount? = nil, memory: ByteCount? = nil, cpus: Millicores? = nil
    ) {
        self.cpuPressure = cpuPressure
        self.memoryPressure = memoryPressure
        self.ioPressure = ioPressure
        self.availableMemory = availableMemory
        self.memory = memory
        self.cpus = cpus
    }
}

/// The kernel has killed an instance, or a part of it, for want of memory.
public struct OutOfMemory: Hashable, Sendable {
    /// The most that it ever had; nil where the kernel does not keep it.
    public var peak: ByteCount?
    /// What it may have; nil where it was the host that had no more.
    public var limit: ByteCount?

    public init(peak: ByteCount? = nil, limit: ByteCount? = nil) {
        self.peak = peak
        self.limit = limit
    }
}

extension OutOfMemory: CustomStringConvertible {
    public var description: String {
        let most = peak.map { "; the most that it had was \($0.approximateText)" } ?? ""
        let why = limit.map { "it wanted more memory than its limit of \($0.approximateText)" }
        return (why ?? "the host had no more memory") + most
    }
}
