import ControlProtocol
import ControlServer
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite struct EventHistoryTests {
    private func history(of count: UInt64) -> EventHistory {
        var history = EventHistory()
        for number in 1...count { history.append(event(number), at: Timestamp(milliseconds: Int64(number) * 10)) }
        return history
    }

    private func event(_ number: UInt64) -> StackEvent {
        StackEvent(id: EventID(number: number), time: .origin, subject: .stack, reason: .ready)
    }

    private func numbers(_ subscription: Subscription<EventDocument>) -> [UInt64] {
        subscription.backlog.compactMap { record in
            if case .item(let event) = record { event.id } else { nil }
        }
    }

    private func gap(_ subscription: Subscription<EventDocument>) -> StreamGap? {
        guard case .gap(let gap) = subscription.backlog.first else { return nil }
        return gap
    }

    @Test func aClientGoesOnWhereItWas() {
        var history = history(of: 5)
        #expect(numbers(history.subscribe(EventQuery(start: .after(3), follow: false))) == [4, 5])
        #expect(numbers(history.subscribe(EventQuery(start: .after(5), follow: false))) == [])
        #expect(numbers(history.subscribe(EventQuery(start: .now, follow: false))) == [])
        let since = EventQuery(start: .since(Timestamp(milliseconds: 40)), follow: false)
        #expect(numbers(history.subscribe(since)) == [4, 5])
    }

    @Test func aNumberOfAnotherDaemonMeansEverything() {
        var history = history(of: 3)
        #expect(numbers(history.subscribe(EventQuery(start: .after(900), follow: false))) == [1, 2, 3])
    }

    @Test func whatIsNotKeptAnyMoreIsAGap() {
        var history = history(of: 5000)
        let subscription = history.subscribe(EventQuery(start: .after(10), follow: false))
        #expect(gap(subscription) == StreamGap(lost: 894, unit: .events, code: .noLongerKept))
        #expect(numbers(subscription).first == 905)
        #expect(numbers(subscription).last == 5000)
        #expect(history.time(of: EventID(number: 904)) == nil)
        #expect(history.time(of: EventID(number: 905)) == Timestamp(milliseconds: 9050))
    }

    @Test func clientsThatHaveGoneAreForgottenByTheNextThatComes() {
        var history = EventHistory()
        let follow = EventQuery(start: .now, follow: true)
        for _ in 0..<3 { history.subscribe(follow).feed?.finish() }
        #expect(history.followerCount == 1)
        _ = history.subscribe(EventQuery(start: .now, follow: false))
        #expect(history.followerCount == 0)
    }

    @Test func followersGetWhatComesAfter() async throws {
        var history = history(of: 1)
        let feed = try #require(history.subscribe(EventQuery(start: .now, follow: true)).feed)
        #expect(history.subscribe(EventQuery(start: .now, follow: false)).feed == nil)
        history.append(event(2), at: Timestamp(milliseconds: 0))
        guard case .item(let next)? = await feed.next()?.first else {
            Issue.record("the follower got nothing")
            return
        }
        #expect(next.id == 2)
        history.finish()
        #expect(await feed.next() == nil)
    }
}
