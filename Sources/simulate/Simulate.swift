import ArgumentParser
import SupervisorSimulation

/// `simulate --seeds N`: plays N worlds; `simulate --seed S --trace`: shows one.
@main
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Plays simulated worlds and checks the core's invariants.")

    @Option(help: "How many seeds to play.") var seeds = 10_000
    @Option(help: "The first of them.") var first: UInt64 = 1
    @Option(help: "Play this one only.") var seed: UInt64?
    @Flag(help: "Print every step, not only those before a violation.") var trace = false
    @Option(help: "How many worlds to play at a time.") var jobs = 2

    func run() async throws {
        let report = Report { print($0) }
        let isClean =
            if let seed { report.replay(seed, isComplete: trace) } else {
                await report.sweep(Sweep(first: first, count: seeds, jobs: jobs))
            }
        if !isClean { throw ExitCode.failure }
    }
}
