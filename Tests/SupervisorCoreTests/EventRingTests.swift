import StackModel
import Testing

@testable import SupervisorCore

@Suite struct EventRingTests {
    @Test func itKeepsTheLatestAndForgetsTheRest() {
        var ring = EventRing()
        for _ in 0..<(EventRing.capacity + 10) {
            _ = ring.append(.ready, about: .stack, at: .origin, cause: nil)
        }
        #expect(ring[EventID(number: 0)] == nil)
        #expect(ring[EventID(number: 10)] == nil)
        #expect(ring[EventID(number: 11)]?.id == EventID(number: 11))
        let last = UInt64(EventRing.capacity + 10)
        #expect(ring[EventID(number: last)]?.id == EventID(number: last))
        #expect(ring[EventID(number: last + 1)] == nil)
    }
}
