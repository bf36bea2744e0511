public import ControlProtocol

/// What `/metrics` tells, as numbers; `PrometheusText` writes them.
public struct StackMetrics: Sendable {
    /// A cumulative histogram in the sense of Prometheus; bounds in seconds, ascending.
    public struct Histogram: Sendable {
        public static let latencyBounds: [Double] = [
            0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10,
        ]

        public private(set) var bounds: [Double]
        /// How many values were in each bucket alone; one more than there are bounds, the last without bound.
        public private(set) var counts: [UInt64]
        public private(set) var sum: Double = 0

        public init(bounds: [Double] = latencyBounds) {
            self.bounds = bounds
            counts = Array(repeating: 0, count: bounds.count + 1)
        }

        public var count: UInt64 { counts.reduce(0, +) }

        public mutating func observe(_ seconds: Double) {
            counts[bounds.firstIndex { seconds <= $0 } ?? bounds.count] += 1
            sum += seconds
        }
    }

    /// The probes of one replica in one role.
    public struct Probe: Sendable {
        /// `startup`, `readiness`, `liveness`.
        public var role: String
        public var passed: UInt64
        public var failed: UInt64
        public var latency: Histogram

        public init(role: String, passed: UInt64 = 0, failed: UInt64 = 0, latency: Histogram = Histogram()) {
            self.role = role
            self.passed = passed
            self.failed = failed
            self.latency = latency
        }
    }

    /// What the instances of one replica use of the host, together.
    public struct Usage: Sendable {
        /// Of those that have ended, too, as far as it was read: it does not fall while the daemon runs.
        public var cpuSeconds: Double
        public var memoryBytes: UInt64
        public var processes: Int

        // What the host does not tell is nil.

        /// As `cpuSeconds`, these do not fall.
        public var throttledSeconds: Double?
        public var readBytes: Double?
        public var writtenBytes: Double?
        public var oomKills: Double?
        /// By resource: `cpu`, `memory`, `io`.
        public var pressureSeconds: [(resource: String, seconds: Double)] = []
        public var memoryPeakBytes: UInt64?
        public var threads: Int?
        public var openDescriptors: Int?
        /// Of the process that is nearest to its limit of open descriptors: how much of that it has open, 0 to 1.
        public var descriptorRatio: Double?

        public init(cpuSeconds: Double, memoryBytes: UInt64, processes: Int) {
            self.cpuSeconds = cpuSeconds
            self.memoryBytes = memoryBytes
            self.processes = processes
        }
    }

    /// One slot of a service.
    public struct Replica: Sendable {
        /// Where others come and go beside the one that has the slot, that of one which is ready.
        public var document: ReplicaDocument
        /// By cause.
        public var restarts: [(cause: String, count: Int)]
        public var probes: [Probe]
        /// Nil where nothing runs.
        public var usage: Usage?
        public var logLines: UInt64
        public var logBytes: UInt64
        public var droppedLogLines: UInt64
        public var droppedLogBytes: UInt64

        public init(
            document: ReplicaDocument, restarts: [(cause: String, count: Int)], probes: [Probe], usage: Usage?,
            logLines: UInt64, logBytes: UInt64, droppedLogLines: UInt64, droppedLogBytes: UInt64
        ) {
            self.document = document
            self.restarts = restarts
            self.probes = probes
            self.usage = usage
            self.logLines = logLines
            self.logBytes = logBytes
            self.droppedLogLines = droppedLogLines
            self.droppedLogBytes = droppedLogBytes
        }
    }

    public struct Service: Sendable {
        public var document: ServiceDocument
        public var replicas: [Replica]

        public init(document: ServiceDocument, replicas: [Replica]) {
            self.document = document
            self.replicas = replicas
        }
    }

    /// One route of a service. Its servers are told apart by what they run, so that a new revision can be compared with
    /// the one before.
    public struct Route: Sendable {
        /// What the instances of one revision in one slot have answered, or the route itself where none could.
        public struct Server: Sendable {
            /// The replica's index; nil for the route itself.
            public var replica: Int?
            public var revision: String?
            /// By class: `2xx`, `other`, …; nil where the route passes bytes on and knows of no responses.
            public var requests: [(code: String?, count: UInt64)]
            /// Requests that were answered by an error of the server, or not at all.
            public var errors: UInt64
            /// The mean of the latest answers; nil where there were none.
            public var responseSeconds: Double?

            public init(
                replica: Int?, revision: String?, requests: [(code: String?, count: UInt64)], errors: UInt64,
                responseSeconds: Double?
            ) {
                self.replica = replica
                self.revision = revision
                self.requests = requests
                self.errors = errors
                self.responseSeconds = responseSeconds
            }
        }

        public var service: String
        public var name: String
        /// Requests that wait for a replica now.
        public var queue: UInt64
        public var servers: [Server]

        public init(service: String, name: String, queue: UInt64, servers: [Server]) {
            self.service = service
            self.name = name
            self.queue = queue
            self.servers = servers
        }
    }

    public struct Daemon: Sendable {
        /// From when the loop's thread had something to do until it had done it, by turn.
        public var turns: Histogram
        /// From the order to spawn until the process had its first instruction.
        public var spawns: Histogram
        public var residentBytes: UInt64
        public var cpuSeconds: Double
        public var openDescriptors: Int
        public var events: UInt64

        public init(
            turns: Histogram, spawns: Histogram, residentBytes: UInt64, cpuSeconds: Double, openDescriptors: Int,
            events: UInt64
        ) {
            self.turns = turns
            self.spawns = spawns
            self.residentBytes = residentBytes
            self.cpuSeconds = cpuSeconds
            self.openDescriptors = openDescriptors
            self.events = events
        }
    }

    public var stack: StackDocument
    public var services: [Service]
    public var routes: [Route]
    public var daemon: Daemon
    /// For how much of the last 10 s tasks have waited for `cpu`, `memory` or `io` (PSI, `some`), 0 to 1; without those
    /// of which the host keeps no account.
    public var hostPressure: [(resource: String, ratio: Double)]

    public init(
        stack: StackDocument, services: [Service], routes: [Route] = [], daemon: Daemon,
        hostPressure: [(resource: String, ratio: Double)] = []
    ) {
        self.stack = stack
        self.services = services
        self.routes = routes
        self.daemon = daemon
        self.hostPressure = hostPressure
    }
}
