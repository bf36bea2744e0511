import StackModel
import Testing

@testable import SupervisorCore

@Suite struct DeadlineQueueTests {
    private func instant(_ milliseconds: Int) -> Instant {
        Instant(sinceOrigin: .milliseconds(milliseconds))
    }

    @Test func dueDeadlinesComeInOrderAndEqualOnesBySlot() {
        var queue = DeadlineQueue()
        queue[5] = instant(20)
        queue[3] = instant(10)
        queue[4] = instant(10)
        queue[1] = instant(30)
        #expect(queue.next == instant(10))
        #expect(queue.popDue(at: instant(20)) == 3)
        #expect(queue.popDue(at: instant(20)) == 4)
        #expect(queue.popDue(at: instant(20)) == 5)
        #expect(queue.popDue(at: instant(20)) == nil)
        #expect(queue.next == instant(30))
    }

    @Test func aSlotHasOneDeadlineWhichCanMoveAndGo() {
        var queue = DeadlineQueue()
        queue[1] = instant(10)
        queue[1] = instant(50)
        queue[2] = instant(30)
        #expect(queue.next == instant(30))
        queue[2] = nil
        #expect(queue[2] == nil)
        #expect(queue[1] == instant(50))
        queue[1] = instant(5)
        #expect(queue.popDue(at: instant(5)) == 1)
        #expect(queue.next == nil)
    }

    @Test func behavesAsASortedListUnderRandomChanges() {
        var queue = DeadlineQueue()
        var model: [Int: Int] = [:]
        var random = SplitMix64(seed: 7)
        for _ in 0..<5_000 {
            let slot = Int.random(in: 0..<40, using: &random)
            if Int.random(in: 0..<4, using: &random) == 0 {
                queue[slot] = nil
                model[slot] = nil
            } else {
                let time = Int.random(in: 0..<1_000, using: &random)
                queue[slot] = instant(time)
                model[slot] = time
            }
            #expect(queue.next == model.values.min().map { instant($0) })
        }
        let expected = model.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
        var popped: [Int] = []
        while let slot = queue.popDue(at: instant(1_000)) { popped.append(slot) }
        #expect(popped == expected)
    }
}
