import Testing

@testable import SupervisorSimulation

@Suite struct SimulationTests {
    /// The ten thousand worlds of CI are played by the release binary; these are for whoever runs the tests alone.
    @Test func everyInvariantHoldsInTheFirstWorlds() async {
        let summary = await Sweep(first: 1, count: 300, jobs: 2).run()
        #expect(summary.seeds == 300)
        for failure in summary.failures { Issue.record("seed \(failure.seed): \(failure.violation.debugDescription)") }
    }

    @Test func aWorldComesOutTheSameEveryTime() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let (first, second) = (Simulation.run(seed: seed), Simulation.run(seed: seed))
            #expect(first.digest == second.digest && first.steps == second.steps)
        }
    }

    @Test(arguments: [(7, 100), (8, 101)] as [(UInt64, Int)])
    func aSecondRunThatDiffersBreaksDeterminism(digest: UInt64, steps: Int) {
        var outcome = Simulation.Outcome(seed: 1, steps: 100, violation: nil, digest: 8)
        outcome.compare(with: Simulation.Outcome(seed: 1, steps: 100, violation: nil, digest: 8))
        #expect(outcome.violation == nil)
        outcome.compare(with: Simulation.Outcome(seed: 1, steps: steps, violation: nil, digest: digest))
        #expect(outcome.violation?.invariant == .determinism)
    }

    @Test func worldsDiffer() {
        let digests = Set((1...50 as ClosedRange<UInt64>).map { Simulation.run(seed: $0).digest })
        #expect(digests.count == 50)
    }

    @Test func aSweepDoesNotDependOnItsThreads() async {
        let one = await Sweep(first: 1_000, count: 40, jobs: 1).run()
        let two = await Sweep(first: 1_000, count: 40, jobs: 2).run()
        #expect(one.digest == two.digest && one.steps == two.steps)
    }

    @Test func aTraceHasALineForEachStepAndKeepsTheLatest() throws {
        var complete: Trace? = Trace()
        _ = Simulation.run(seed: 1, trace: &complete)
        let lines = try #require(complete).lines
        #expect(lines.first?.contains("the stack starts with") == true)
        #expect(lines.contains { $0.hasSuffix("stack stopped") })
        var bounded: Trace? = Trace(limit: 5)
        _ = Simulation.run(seed: 1, trace: &bounded)
        #expect(try Array(#require(bounded).latest) == lines.suffix(5))
    }

    @Test func theReportOfAWorldThatHoldsSaysSo() {
        var lines: [String] = []
        withoutActuallyEscaping({ lines.append($0) }) { write in
            #expect(Report(write: write).replay(1, isComplete: false))
        }
        #expect(lines.count == 1 && lines[0].contains("every invariant held"))
    }
}
