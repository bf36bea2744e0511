import ControlProtocol
@testable import ControlServer
import Synchronization
import Testing

@Suite struct FeedTests {
    private func line(_ sequence: UInt64) -> LogLine { FakeController.line(sequence) }

    @Test func deliversWhatWasOfferedInOrder() async {
        let feed = Feed<LogLine>()
        for sequence in 1...3 as ClosedRange<UInt64> { feed.offer(line(sequence)) }
        #expect(await feed.next() == [.item(line(1)), .item(line(2)), .item(line(3))])
    }

    @Test func wakesAWaitingReader() async {
        let feed = Feed<LogLine>()
        async let records = feed.next()
        feed.offer(line(1))
        #expect(await records == [.item(line(1))])
    }

    @Test func dropsTheNewestWhenItIsFullAndSaysHowMany() async {
        let feed = Feed<LogLine>(capacity: 2 * line(0).footprint)
        for sequence in 1...5 as ClosedRange<UInt64> { #expect(feed.offer(line(sequence))) }
        let gap = StreamGap(lost: 3, unit: .lines, code: .clientTooSlow)
        #expect(await feed.next() == [.item(line(1)), .item(line(2)), .gap(gap)])
        feed.offer(line(6))
        #expect(await feed.next() == [.item(line(6))])
    }

    @Test func holdsAnItemThatAloneIsTooLargeOnlyForAWaitingReader() async {
        let feed = Feed<LogLine>(capacity: 1)
        feed.offer(line(1))
        #expect(await feed.next() == [.gap(StreamGap(lost: 1, unit: .lines, code: .clientTooSlow))])
    }

    @Test func deliversWhatIsQueuedBeforeTheEnd() async {
        let feed = Feed<LogLine>()
        feed.offer(line(1))
        feed.finish()
        #expect(!feed.offer(line(2)))
        #expect(await feed.next() == [.item(line(1))])
        #expect(await feed.next() == nil)
        #expect(await feed.next() == nil)
    }

    @Test func endsForAReaderThatWaits() async {
        let feed = Feed<LogLine>()
        async let records = feed.next()
        feed.finish()
        #expect(await records == nil)
    }

    @Test func endsWhenItsReaderIsCancelled() async {
        let feed = Feed<LogLine>()
        let reader = Task { await feed.next() }
        reader.cancel()
        #expect(await reader.value == nil)
        #expect(!feed.offer(line(1)))
    }

    @Test func saysThatItsReaderHasGone() async {
        let feed = Feed<LogLine>()
        #expect(!feed.isFinished)
        let reader = Task { await feed.next() }
        reader.cancel()
        _ = await reader.value
        #expect(feed.isFinished)
    }

    @Test func aNudgeWakesOnlyAReaderThatWaits() async throws {
        let feed = Feed<LogLine>()
        let hasWoken = Flag()
        let reader = Task {
            defer { hasWoken.raise() }
            return await feed.next()
        }
        try await eventually("the reader to wake") {
            feed.nudge()
            return hasWoken.isRaised
        }
        #expect(await reader.value == [])
        feed.nudge()
        feed.offer(line(1))
        #expect(await feed.next() == [.item(line(1))])
    }
}

private final class Flag: Sendable {
    private let state = Mutex(false)

    var isRaised: Bool { state.withLock { $0 } }

    func raise() {
        state.withLock { $0 = true }
    }

    @Test func aSourceThatWaitsForRoomLosesNothing() async {
        let feed = Feed<LogLine>(capacity: 4_000)
        var next: UInt64 = 1
        var received: [UInt64] = []
        for _ in 0..<20 {
            while !feed.isCrowded {
                feed.offer(FakeController.line(next))
                next += 1
            }
            let isTaken = Mutex(false)
            feed.whenTaken { isTaken.withLock { $0 = true } }
            #expect(!isTaken.withLock { $0 })
            for case .item(let line) in await feed.next() ?? [] { received.append(line.sequence) }
            #expect(isTaken.withLock { $0 })
        }
        #expect(received == Array(1..<next))
    }

    @Test func whoWaitsForRoomIsToldOfTheEnd() {
        let feed = Feed<LogLine>(capacity: 1)
        let calls = Mutex<[String]>([])
        feed.whenTaken { calls.withLock { $0.append("room") } }
        #expect(calls.withLock { $0 } == ["room"], "there is room")
        let full = Feed<LogLine>()
        full.offer(FakeController.line(1))
        full.whenTaken { calls.withLock { $0.append("taken") } }
        full.whenFinished { calls.withLock { $0.append("finished") } }
        full.finish()
        full.finish()
        #expect(calls.withLock { $0 } == ["room", "finished", "taken"])
        full.whenFinished { calls.withLock { $0.append("late") } }
        #expect(calls.withLock { $0.last } == "late")
    }

    @Test func theLastItemIsDeliveredWhateverThereIs() async {
        let exit = ExecutionRecord.exited(ExitDocument(code: 0, signal: nil, time: FakeController.time))
        let feed = Feed<ExecutionRecord>(capacity: 1_000)
        feed.offer(.output(.stdout, Array(repeating: 0, count: 800)))
        feed.offer(.output(.stdout, Array(repeating: 0, count: 300)))
        feed.finish(with: exit)
        #expect(!feed.offer(exit))
        let records = await feed.next()
        #expect(records?.dropFirst() == [.gap(StreamGap(lost: 300, unit: .bytes, code: .clientTooSlow)), .item(exit)])
        #expect(await feed.next() == nil)
    }
}
