import StackModel
import Testing

@testable import SupervisorCore

@Suite struct RestartCauseTests {
    private func cause(_ manner: InstanceEnd.Manner, _ why: StopCause? = nil) -> RestartCause {
        InstanceEnd(manner: manner, time: .origin, cause: why, wasReady: true, isPremature: false).restartCause
    }

    @Test func anExitOfItsOwnCountsAsItWas() {
        #expect(cause(.exited(.exited(code: 1))) == .exited)
        #expect(cause(.exited(.unknown)) == .exited)
        #expect(cause(.exited(.signalled(.kill, coreDumped: false))) == .signalled)
        let failure = SpawnFailure(stage: "executable", errno: 2, message: "no")
        #expect(cause(.notSpawned(failure, isTransient: false)) == .spawnFailed)
    }

    @Test func anEndThatTheCoreDecidedOnCountsAsItsReason() {
        let killed = InstanceEnd.Manner.exited(.signalled(.kill, coreDumped: false))
        #expect(cause(killed, .startupProbeFailed("")) == .startupProbe)
        #expect(cause(killed, .livenessProbeFailed("")) == .livenessProbe)
        #expect(cause(killed, .startTimedOut(after: .zero)) == .startTimeout)
        #expect(cause(killed, .watchdogSilent(for: .zero)) == .watchdog)
        #expect(cause(killed, .reportedBroken) == .watchdog)
    }

    @Test func theCountsAddUpToTheRestarts() {
        var history = RestartHistory()
        var random = SplitMix64(seed: 1)
        for cause in [RestartCause.exited, .watchdog, .exited] {
            _ = history.decide(RestartSpec(mode: .always), after: cause, wasReady: true, at: .origin, random: &random)
        }
        history.noteUncountedRestart()
        #expect(history.restarts == 4)
        #expect(history.restartsByCause.map(\.cause) == [.exited, .watchdog, .dependency])
        #expect(history.restartsByCause.map(\.count) == [2, 1, 1])
    }
}
