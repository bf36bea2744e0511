import StackModel
import Testing

@testable import SupervisorCore

/// What is remembered of a service's revisions.
@Suite struct RevisionHistoryTests {
    private func revision(_ name: String, epoch: Int = 0) -> ServiceRevision {
        ServiceRevision(service("a", revision: name), epoch: epoch)
    }

    private func begin(_ history: inout RevisionHistory, _ name: String, isGood: Bool) {
        _ = history.begin(revision(name), because: .changed, at: .origin)
        history.conclude(isGood ? .good : .failed("x"), at: .origin)
    }

    @Test func numbersRiseByOneAndTenAreKept() {
        var history = RevisionHistory()
        for number in 1...15 { begin(&history, "r\(number)", isGood: true) }
        #expect(history.records.map(\.number) == Array((6...15).reversed()))
    }

    @Test func theLatestGoodOneIsNotForgottenForThoseThatFail() {
        var history = RevisionHistory()
        begin(&history, "good", isGood: true)
        for number in 1...15 { begin(&history, "r\(number)", isGood: false) }
        #expect(history.records.count == 10)
        #expect(history.latestGood?.record.revision == Revision("good"))
        // Another good one takes that over.
        begin(&history, "better", isGood: true)
        begin(&history, "worse", isGood: false)
        #expect(history.latestGood?.record.revision == Revision("better"))
        #expect(!history.records.contains { $0.revision == Revision("good") })
    }

    @Test func whatMakesTheSameInstancesIsNothingToGoBackTo() {
        var history = RevisionHistory()
        begin(&history, "r1", isGood: true)
        begin(&history, "r1", isGood: false)
        #expect(history.latestGood == nil)
        _ = history.begin(revision("r1", epoch: 1), because: .restartRequested, at: .origin)
        #expect(history.latestGood?.record.number == 1)
        #expect(!history.hasBeenGood(revision("r1", epoch: 1)))
        #expect(history.hasBeenGood(revision("r1")))
    }

    @Test func whatIsTakenOverIsSuperseded() {
        var history = RevisionHistory()
        _ = history.begin(revision("r1"), because: .started, at: .origin)
        _ = history.begin(revision("r2"), because: .changed, at: .origin)
        #expect(history.records.map(\.outcome) == [.underWay, .superseded])
        #expect(history.former(1)?.record.number == 1)
        #expect(history.former(2) == nil && history.former(7) == nil)
    }
}
