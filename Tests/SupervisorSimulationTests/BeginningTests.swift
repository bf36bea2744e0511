import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// A daemon goes on with what an earlier one has left to know.
@Suite struct BeginningTests {
    private func bench(_ alpha: ServiceSpec) -> Bench {
        var beginning = Beginning()
        beginning.restored = Supervisor.RestoredState(nextInstance: 7, desired: [alpha.name: .stopped])
        return Bench(alpha, beginning: beginning)
    }

    @Test func aStartOfWhatIsToStayStopped() throws {
        let alpha = try service("alpha", restart: RestartSpec(mode: .unlessStopped))
        var bench = bench(alpha)
        #expect(
            brokenInvariant { () throws(Violation) in try bench.start(bench.make(7, .of(alpha))) } == .nothingLeft)
    }

    @Test func whatIsOnlyStoppedUntilTheNextDaemonIsStarted() throws {
        let alpha = try service("alpha", restart: RestartSpec(mode: .always))
        var bench = bench(alpha)
        #expect(brokenInvariant { () throws(Violation) in try bench.start([]) } == .promptness)
        bench = self.bench(alpha)
        #expect(brokenInvariant { () throws(Violation) in try bench.start(bench.make(7, .of(alpha))) } == nil)
    }

    @Test func anIDThatTheEarlierDaemonGaveOut() throws {
        let alpha = try service("alpha")
        var bench = bench(alpha)
        #expect(brokenInvariant { () throws(Violation) in try bench.start(bench.make(6, .of(alpha))) } == .identity)
    }

    @Test func whatIsNotNamedIsNotStarted() throws {
        let alpha = try service("alpha")
        let bravo = try service("bravo", dependsOn: [(alpha, .started)])
        let charlie = try service("charlie")
        var beginning = Beginning()
        beginning.names = [bravo.name]
        var bench = Bench(alpha, bravo, charlie, beginning: beginning)
        #expect(
            brokenInvariant { () throws(Violation) in
                try bench.start(bench.make(1, .of(alpha)) + bench.make(2, .of(charlie)))
            } == .nothingLeft)
    }
}
