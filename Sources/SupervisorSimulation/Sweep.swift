/// The worlds of many seeds, on several threads.
public struct Sweep: Sendable {
    public struct Summary: Sendable {
        public var seeds = 0
        public var steps = 0
        /// The outcomes with a violation, by their seeds, as many as the sweep's limit.
        public var failures: [Simulation.Outcome] = []
        /// Of all worlds, whatever their order.
        public var digest: UInt64 = 0

        mutating func add(_ other: Summary, limit: Int) {
            seeds += other.seeds
            steps += other.steps
            digest &+= other.digest
            failures = Array((failures + other.failures).sorted { $0.seed < $1.seed }.prefix(limit))
        }
    }

    public var first: UInt64
    public var count: Int
    public var jobs: Int
    /// After so many failures it ends.
    public var failureLimit: Int

    public init(first: UInt64, count: Int, jobs: Int, failureLimit: Int = 10) {
        self.first = first
        self.count = count
        self.jobs = jobs
        self.failureLimit = failureLimit
    }

    private static let chunk = 256
    /// Every 64th seed is played twice, and hashed word for word.
    private static let thoroughness: UInt64 = 64

    public func run() async -> Summary {
        await withTaskGroup(of: Summary.self) { group in
            var summary = Summary()
            var started = 0
            while started < count || !group.isEmpty {
                while started < count, started - summary.seeds < jobs * Self.chunk {
                    let size = min(Self.chunk, count - started)
                    let first = first &+ UInt64(started)
                    group.addTask { Self.runChunk(first: first, count: size) }
                    started += size
                }
                guard let part = await group.next() else { break }
                summary.add(part, limit: failureLimit)
                if summary.failures.count >= failureLimit { break }
            }
            return summary
        }
    }

    private static func runChunk(first: UInt64, count: Int) -> Summary {
        var summary = Summary()
        for offset in 0..<UInt64(count) {
            let seed = first &+ offset
            let outcome = Simulation.run(seed: seed, isThorough: seed % thoroughness == 0)
            summary.seeds += 1
            summary.steps += outcome.steps
            summary.digest &+= outcome.digest
            if outcome.violation != nil { summary.failures.append(outcome) }
        }
        return summary
    }
}
