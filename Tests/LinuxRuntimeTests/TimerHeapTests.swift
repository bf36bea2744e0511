import Testing

@testable import LinuxRuntime

@Suite struct TimerHeapTests {
    @Test func popsInOrderWhateverIsRemoved() {
        var heap = TimerHeap<Int>()
        var random = SystemRandomNumberGenerator()
        var expected: [(deadline: Int64, order: Int)] = []
        var keys: [TimerHeap<Int>.Key] = []
        for order in 0..<500 {
            let deadline = Int64.random(in: 0..<50, using: &random)
            expected.append((deadline, order))
            keys.append(heap.insert(order, at: MonotonicTime(nanoseconds: deadline)))
        }
        for order in stride(from: 0, to: 500, by: 3) {
            #expect(heap.remove(keys[order]) == order)
            #expect(heap.remove(keys[order]) == nil)
        }
        expected = expected.filter { $0.order % 3 != 0 }.sorted { ($0.deadline, $0.order) < ($1.deadline, $1.order) }
        var popped: [Int] = []
        while let next = heap.popDue(at: MonotonicTime(nanoseconds: 50)) { popped.append(next) }
        #expect(popped == expected.map(\.order))
    }

    @Test func nothingIsDueBeforeItsTime() {
        var heap = TimerHeap<Int>()
        _ = heap.insert(1, at: MonotonicTime(nanoseconds: 10))
        #expect(heap.popDue(at: MonotonicTime(nanoseconds: 9)) == nil)
        #expect(heap.popDue(at: MonotonicTime(nanoseconds: 10)) == 1)
        #expect(heap.earliest == nil)
    }
}
