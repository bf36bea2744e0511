import ControlProtocol
import Testing

@testable import CommandKit

/// What has become of a change, told by the revisions since.
struct RolloutVerdictTests {
    private static let failed = RevisionDocument.sample(4, .failed, reason: "web/0 exited with status 1")
    private static let back = RevisionDocument.sample(5, .good, .rolledBack, revision: "r3")
    private static let before = RevisionDocument.sample(3)

    private func verdict(
        after number: Int = 3, rollout: RolloutDocument? = nil, _ history: RevisionDocument...
    ) -> RolloutVerdict {
        ServiceDocument.sample("web", rollout: rollout, history: history).verdict(after: number)
    }

    @Test func whatWasThereBeforeSaysNothing() {
        #expect(verdict() == .none)
        #expect(verdict(Self.before) == .none)
        #expect(verdict(rollout: .sample(3, .failed), Self.before) == .none)
    }

    @Test func aRolloutGoesOnUntilItIsOverOrStandsStill() {
        let going = RolloutDocument.sample(4)
        #expect(verdict(rollout: going, .sample(4, .underWay), Self.before) == .underWay(going))
        let paused = RolloutDocument.sample(4, .paused)
        #expect(verdict(rollout: paused, .sample(4, .underWay), Self.before) == .underWay(paused))
        let still = RolloutDocument.sample(4, .failed)
        #expect(verdict(rollout: still, Self.failed, Self.before) == .standsStill(still))
        #expect(verdict(.sample(4), Self.before) == .done)
        #expect(verdict(Self.failed, Self.before) == .failed(Self.failed))
    }

    @Test func aRollbackIsFollowedToItsEnd() {
        let rollback = RolloutDocument.sample(5, rollback: true)
        #expect(verdict(rollout: rollback, .sample(5, .underWay, .rolledBack), Self.failed) == .underWay(rollback))
        #expect(verdict(Self.back, Self.failed, Self.before) == .reverted(Self.failed, by: Self.back))
    }

    @Test func whatSomebodyElseUndidIsUndone() {
        let undone = RevisionDocument.sample(5, .good, .undone, revision: "r3")
        let superseded = RevisionDocument.sample(4, .superseded)
        #expect(verdict(undone, superseded, Self.before) == .reverted(superseded, by: undone))
        // An undo that was asked for is a change as any other.
        #expect(verdict(after: 4, undone, superseded, Self.before) == .done)
    }

    @Test func whatOvertookAChangeStandsForIt() {
        #expect(verdict(.sample(5), .sample(4, .superseded), Self.before) == .done)
        let failed = RevisionDocument.sample(5, .failed)
        #expect(verdict(failed, .sample(4, .superseded), Self.before) == .failed(failed))
    }

    @Test func theFirstStartIsNoRollout() {
        #expect(verdict(after: 0, .sample(1, .underWay, .started)) == .none)
        #expect(verdict(after: 0, .sample(1, .good, .started)) == .done)
    }

    @Test func theLatestIsToldWithWhatItCameFrom() {
        let service = ServiceDocument.sample("web", history: [Self.back, Self.failed, Self.before])
        #expect(service.verdict(after: service.numberBeforeLatest) == .reverted(Self.failed, by: Self.back))
        #expect(service.original(of: Self.back) == "revision 3")
        let done = ServiceDocument.sample("web", history: [Self.before])
        #expect(done.verdict(after: done.numberBeforeLatest) == .done)
        #expect(ServiceDocument.sample("web").numberBeforeLatest == 0)
    }
}
