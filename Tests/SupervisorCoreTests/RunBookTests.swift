import StackModel
import Testing

@testable import SupervisorCore

@Suite struct RunBookTests {
    private func schedule(_ overlap: ScheduleSpec.Overlap, history: Int = 10) -> ScheduleSpec {
        ScheduleSpec(trigger: .interval(.seconds(1)), overlap: overlap, history: history)
    }

    private func run(_ seconds: Int) -> JobRun {
        JobRun(origin: .schedule, due: Instant(sinceOrigin: .seconds(seconds)))
    }

    @Test func whatIsDueAgainAndAgainIsReplacedOnce() {
        var book = RunBook()
        #expect(book.admit(run(1), by: schedule(.replace)) == .begins)
        #expect(book.admit(run(2), by: schedule(.replace)) == .replaces(another: false))
        #expect(book.admit(run(3), by: schedule(.replace)) == .replaces(another: true))
        #expect(book.ended.map(\.outcome) == [.skipped("a newer one took its place")])
        book.conclude(.stopped, at: Instant(sinceOrigin: .seconds(4)), keeping: 10)
        #expect(book.current == run(3))
        #expect(!book.isReplacing)
        #expect(book.all.map(\.due.sinceOrigin) == [.seconds(3), .seconds(1), .seconds(2)])
    }

    @Test func itRemembersAsManyAsItIsTold() {
        var book = RunBook()
        for number in 1...5 {
            _ = book.admit(run(number), by: schedule(.skip, history: 2))
            book.conclude(.succeeded, at: run(number).due, keeping: 2)
        }
        #expect(book.ended.map(\.due) == [run(5).due, run(4).due])
        #expect(book.hasSucceeded)
        book.keep(0)
        #expect(book.all.isEmpty)
    }

    @Test func whatNeverBeganIsForgottenBeforeWhatDid() {
        var book = RunBook()
        for number in stride(from: 1, through: 9, by: 3) {
            #expect(book.admit(run(number), by: schedule(.skip, history: 2)) == .begins)
            for skipped in 1...2 {
                let admission = book.admit(run(number + skipped), by: schedule(.skip, history: 2))
                #expect(admission == .isSkipped("the one before goes on"))
            }
            book.conclude(.failed("x"), at: run(number).due, keeping: 2)
        }
        #expect(book.ended.map(\.due) == [run(7).due, run(4).due])
        _ = book.admit(run(10), by: schedule(.skip, history: 3))
        _ = book.admit(run(11), by: schedule(.skip, history: 3))
        _ = book.admit(run(12), by: schedule(.skip, history: 3))
        #expect(book.ended.map(\.due) == [run(12).due, run(7).due, run(4).due])
    }

    @Test func whatWaitsIsDroppedWithAStop() {
        var book = RunBook()
        _ = book.admit(run(1), by: schedule(.queue))
        #expect(book.admit(run(2), by: schedule(.queue)) == .waits)
        #expect(book.admit(run(3), by: schedule(.queue)) == .isSkipped("another waits already"))
        book.dropQueued(at: .origin, keeping: 10)
        book.conclude(.stopped, at: .origin, keeping: 10)
        #expect(book.current == nil)
        #expect(book.ended.map(\.outcome) == [.stopped, .stopped, .skipped("another waits already")])
    }
}
