/// What a person reads of worlds that were played, line by line.
public struct Report {
    private let write: (String) -> Void
    /// How many steps before a violation are shown.
    private static let traceLimit = 200
    /// How many failing seeds are shown with their steps.
    private static let tracedFailures = 1

    public init(write: @escaping (String) -> Void) {
        self.write = write
    }

    /// Plays one seed. Returns whether every invariant held.
    public func replay(_ seed: UInt64, isComplete: Bool) -> Bool {
        var trace: Trace? = Trace(limit: isComplete ? nil : Self.traceLimit)
        let outcome = Simulation.run(seed: seed, trace: &trace)
        if isComplete || outcome.violation != nil { trace?.latest.forEach(write) }
        guard let violation = outcome.violation else {
            write("seed \(seed): \(outcome.steps) steps, every invariant held")
            return true
        }
        write("seed \(seed): violated after \(outcome.steps) steps: \(violation)")
        return false
    }

    /// Plays many seeds. Returns whether every invariant held in all of them.
    public func sweep(_ sweep: Sweep) async -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        let summary = await sweep.run()
        let seconds = (clock.now - start) / .seconds(1)
        write(
            "\(summary.seeds) seeds, \(summary.steps) steps, \(Int(seconds)) s, "
                + "\(Int(Double(summary.seeds) / seconds)) seeds/s, digest \(String(summary.digest, radix: 16))")
        for failure in summary.failures {
            if let violation = failure.violation { write("seed \(failure.seed): \(violation)") }
        }
        for failure in summary.failures.prefix(Self.tracedFailures) {
            write("")
            _ = replay(failure.seed, isComplete: false)
        }
        return summary.failures.isEmpty
    }
}
