import ControlProtocol
import Glibc
import StackModel
import Testing

@testable import CommandKit

struct AttachedStateTests {
    private let starting = AttachedState.Input.services([.sample("db", .sample("db", 0, .starting, pid: 1))])
    private let ready = AttachedState.Input.services([.sample("db", .sample("db", 0, .running, ready: true, pid: 1))])
    private let failed = AttachedState.Input.services([.sample("db", .sample("db", 0, .failed))])
    private let oneFailed = AttachedState.Input.services([
        .sample("db", .sample("db", 0, .running, ready: true, pid: 1)), .sample("web", .sample("web", 0, .failed)),
    ])

    private var rule = AbortRule(start: Timestamp(milliseconds: 0))

    /// A state to which this has happened, and what the last of it led to.
    private func after(_ inputs: AttachedState.Input...) -> (state: AttachedState, actions: [AttachedState.Action]) {
        var state = AttachedState(stack: "shop", rule: rule)
        var actions: [AttachedState.Action] = []
        for input in inputs { actions = state.take(input) }
        return (state, actions)
    }

    @Test func progressIsShownUntilAllIsReady() {
        #expect(after(starting).actions == [.showProgress(.running)])
        #expect(
            after(starting, ready).actions == [.showProgress(.running), .finishProgress, .say("shop is ready", .green)])
        #expect(after(starting, ready).state.phase == .running)
        #expect(after(starting, ready, starting).actions == [.showChanges])
    }

    @Test func aFailedServiceDoesNotStopTheOthers() {
        let (state, actions) = after(oneFailed)
        #expect(state.phase == .running)
        #expect(actions.last == .say("shop is up without web; \"stackctl explain web\" tells why", .red))
    }

    @Test func whatWasRolledBackIsToldAndTheStackIsUp() {
        let goal = ProgressGoal.replaced(["web": Former(revision: 3)])
        var state = AttachedState(stack: "shop", goal: goal, rule: AbortRule(start: .zero))
        let serving = ReplicaDocument.sample("web", 0, .running, ready: true, pid: 1)
        let rolling = ServiceDocument.sample("web", rollout: .sample(4), history: [.sample(4, .underWay)], serving)
        #expect(state.take(.services([rolling])) == [.showProgress(goal)])
        let back = ServiceDocument.sample(
            "web",
            history: [
                .sample(5, .good, .rolledBack, revision: "r3"), .sample(4, .failed, reason: "it crashed"), .sample(3),
            ], serving)
        #expect(
            state.take(.services([back])).last
                == .say("web was rolled back to revision 3: rollout 4 failed: it crashed", .red))
        #expect(state.phase == .running)
    }

    @Test func theFirstInterruptStopsInOrderTheSecondAtOnceTheThirdLeaves() {
        #expect(after(ready, .interrupted).actions.last == .shutdown(immediately: false))
        #expect(after(ready, .interrupted, .interrupted).actions.last == .shutdown(immediately: true))
        #expect(after(ready, .interrupted, .interrupted, .interrupted).actions.last == .finish(.failed))
        #expect(after(starting, .interrupted).state.phase == .stopping)
    }

    @Test func aTerminalThatGoesStopsTheStackOnce() {
        #expect(after(ready, .hungUp).actions == [.shutdown(immediately: false)])
        #expect(after(ready, .hungUp, .hungUp).actions == [])
        #expect(after(ready, .interrupted, .hungUp).actions == [])
    }

    @Test func aStopThatWasAskedForIsDone() {
        #expect(after(ready, .interrupted, starting).actions == [.showProgress(.stopped)])
        #expect(after(ready, .interrupted, .daemonEnded(.exited(code: 0))).actions.last == .finish(.done))
        #expect(after(ready, .hungUp, .daemonEnded(.unknown)).actions.last == .finish(.done))
    }

    @Test func aDaemonThatDiesIsAFailure() {
        let killed = AttachedState.Input.daemonEnded(.signalled(.kill, coreDumped: false))
        #expect(after(ready, killed).actions.contains(.say("stackd was ended by SIGKILL", .red)))
        #expect(after(ready, killed).actions.last == .finish(.failed))
        #expect(after(ready, .interrupted, killed).actions.last == .finish(.failed))
        #expect(after(starting, .daemonEnded(.exited(code: 1))).actions.last == .finish(.failed))
    }

    @Test func aStackThatSomebodyElseStopsIsDone() {
        #expect(after(ready, .daemonEnded(.exited(code: 0))).actions.last == .finish(.done))
    }

    @Test func aStackWhoseServicesHaveAllEndedEnds() {
        let completed = AttachedState.Input.services([.sample("job", .sample("job", 0, .completed))])
        #expect(after(completed).actions.last == .shutdown(immediately: false))
        #expect(after(completed, .daemonEnded(.exited(code: 0))).actions.last == .finish(.done))
        #expect(after(failed).actions.last == .shutdown(immediately: false))
        #expect(after(failed, .daemonEnded(.exited(code: 0))).actions.last == .finish(.failed))
    }

    @Test func outputThatCannotBeWrittenStopsTheStackAndFails() {
        let full = AttachedState.Input.outputFailed(errno: ENOSPC)
        #expect(after(ready, full).actions.last == .shutdown(immediately: false))
        #expect(
            after(ready, full).actions.contains(
                .say("cannot write the output: No space left on device; stopping shop", .red)))
        #expect(after(ready, full, .daemonEnded(.exited(code: 0))).actions.last == .finish(.failed))
        #expect(after(ready, .interrupted, full).actions == [])
    }

    @Test func afterTheEndNothingIsDone() {
        let ended = AttachedState.Input.daemonEnded(.exited(code: 0))
        for input in [ready, .interrupted, .hungUp, ended] { #expect(after(ready, ended, input).actions == []) }
    }
}
