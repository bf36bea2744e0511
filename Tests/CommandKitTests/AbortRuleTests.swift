import ControlProtocol
import StackModel
import Testing

@testable import CommandKit

/// What `--abort-on-exit`, `--abort-on-failure` and `--exit-code-from` do.
struct AbortRuleTests {
    private static let start = Timestamp(milliseconds: 1_000)

    private static func exit(_ code: Int32?, signal: String? = nil) -> ExitDocument {
        ExitDocument(code: code, signal: signal, time: start)
    }

    private func state(_ trigger: AbortRule.Trigger, statusOf service: String? = nil) -> AttachedState {
        AttachedState(stack: "shop", rule: AbortRule(trigger: trigger, statusSource: service, start: Self.start))
    }

    private let serving = ServiceDocument.sample("db", .sample("db", 0, .running, ready: true, pid: 1))
    private let stopped = ServiceDocument.sample(
        "db", desired: .stopped, .sample("db", 0, .stopped, since: 3_000, exit: exit(nil, signal: "SIGTERM")))

    private func tests(_ code: Int32, since: Int64 = 2_000) -> ServiceDocument {
        let state: ReplicaDocument.State = code == 0 ? .completed : .failed
        return .sample("tests", .sample("tests", 0, state, since: since, exit: Self.exit(code)))
    }

    @Test func anExitStopsTheServicesThenTheDaemonAndIsTheStatus() {
        var state = state(.anyExit)
        let actions = state.take(.services([serving, tests(3)]))
        #expect(actions.suffix(2) == [.say("tests/0 exited with status 3; stopping shop", .red), .stopServices])
        #expect(state.take(.services([serving, tests(3)])) == [.showProgress(.stopped)])
        #expect(state.take(.services([stopped, tests(3)])).last == .shutdown(immediately: false))
        #expect(state.take(.daemonEnded(.exited(code: 0))).last == .finish(CommandStatus(rawValue: 3)))
    }

    @Test func aSuccessIsNoFailure() {
        var state = state(.anyFailure)
        #expect(state.take(.services([serving, tests(0)])).last == .say("shop is ready", .green))
        #expect(state.take(.services([serving, tests(1)])).last == .stopServices)
    }

    @Test func whatOthersWaitToSeeCompletedIsNoReason() {
        let migrate = ServiceDocument.sample(
            "migrate", .sample("migrate", 0, .completed, since: 2_000, exit: Self.exit(0)))
        let waiting = ServiceDocument.sample(
            "tests", after: ["migrate"], condition: "service_completed_successfully", .sample("tests", 0, .waiting))
        var state = state(.anyExit, statusOf: "tests")
        _ = state.take(.services([migrate, waiting]))
        #expect(state.phase == .starting)
        let failed = ServiceDocument.sample(
            "migrate", .sample("migrate", 0, .failed, since: 2_000, exit: Self.exit(1)))
        #expect(state.take(.services([failed, waiting])).last == .stopServices)
    }

    @Test func aServiceThatNeverRanHasNotSucceeded() {
        var state = state(.anyExit, statusOf: "tests")
        let other = ServiceDocument.sample("a", .sample("a", 0, .completed, since: 2_000, exit: Self.exit(0)))
        _ = state.take(.services([serving, other]))
        _ = state.take(.services([stopped, .sample("tests", desired: .stopped, .sample("tests", 0, .stopped))]))
        #expect(state.take(.daemonEnded(.exited(code: 0))).last == .finish(.failed))
    }

    @Test func theSuccessOfTheServiceThatIsNamedIsAReasonBesideFailures() {
        var state = state(.anyFailure, statusOf: "tests")
        #expect(state.take(.services([serving, tests(0)])).last == .stopServices)
    }

    @Test func withoutARuleTheStackRunsOn() {
        var state = state(.never)
        _ = state.take(.services([serving, tests(3)]))
        #expect(state.phase == .running)
    }

    @Test func theStatusIsThatOfTheServiceThatIsNamed() {
        var state = state(.anyExit, statusOf: "db")
        _ = state.take(.services([serving, tests(3)]))
        _ = state.take(.services([stopped, tests(3)]))
        #expect(state.take(.daemonEnded(.exited(code: 0))).last == .finish(CommandStatus(rawValue: 128 + 15)))
    }

    @Test func whatEndedBeforeTheCommandIsNoReason() {
        var state = state(.anyExit)
        _ = state.take(.services([serving, tests(3, since: 500)]))
        #expect(state.phase == .running)
    }

    @Test func whatNeverRanIsNoReason() {
        var state = state(.anyExit)
        let idle = ServiceDocument.sample("idle", desired: .stopped, .sample("idle", 0, .stopped, since: 2_000))
        _ = state.take(.services([serving, idle]))
        #expect(state.phase == .running)
    }

    @Test func theLastOfAllEndsTheStackWithItsStatus() {
        var state = state(.anyExit)
        #expect(state.take(.services([tests(4)])).last == .shutdown(immediately: false))
        #expect(state.take(.daemonEnded(.exited(code: 0))).last == .finish(CommandStatus(rawValue: 4)))
    }

    @Test func anInterruptDoesNotWaitForTheRest() {
        var state = state(.anyExit)
        _ = state.take(.services([serving, tests(3)]))
        #expect(state.take(.interrupted).last == .shutdown(immediately: true))
    }
}
