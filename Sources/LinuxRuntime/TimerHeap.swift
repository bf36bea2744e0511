/// A binary heap of timers, by deadline and then by age, from which any timer can be taken in O(log n).
struct TimerHeap<Payload> {
    /// Names one timer of one heap; a name is never given twice.
    struct Key: Hashable, Sendable {
        fileprivate var slot: Int32
        fileprivate var generation: UInt32
    }

    private struct Entry {
        var deadline: MonotonicTime
        var order: UInt64
        var slot: Int32

        func isBefore(_ other: Entry) -> Bool {
            deadline == other.deadline ? order < other.order : deadline < other.deadline
        }
    }

    private struct Slot {
        var generation: UInt32 = 0
        /// Where the timer stands in the heap, or where the next free slot is.
        var position: Int32
        var payload: Payload?
    }

    private var heap: [Entry] = []
    private var slots: [Slot] = []
    private var firstFree: Int32 = -1
    private var nextOrder: UInt64 = 0

    var count: Int { heap.count }

    var earliest: MonotonicTime? { heap.first?.deadline }

    mutating func insert(_ payload: Payload, at deadline: MonotonicTime) -> Key {
        let slot: Int32
        if firstFree >= 0 {
            slot = firstFree
            firstFree = slots[Int(slot)].position
        } else {
            slot = Int32(slots.count)
            slots.append(Slot(position: 0, payload: nil))
        }
        slots[Int(slot)].payload = payload
        heap.append(Entry(deadline: deadline, order: nextOrder, slot: slot))
        nextOrder += 1
        siftUp(from: heap.count - 1)
        return Key(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// Takes a timer out; nil when it already fired or was taken.
    @discardableResult
    mutating func remove(_ key: Key) -> Payload? {
        let slot = slots[Int(key.slot)]
        guard slot.generation == key.generation, slot.payload != nil else { return nil }
        return removeEntry(at: Int(slot.position))
    }

    /// Takes the earliest timer out if its deadline is not after `now`.
    mutating func popDue(at now: MonotonicTime) -> Payload? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        return removeEntry(at: 0)
    }

    private mutating func removeEntry(at position: Int) -> Payload? {
        let slot = Int(heap[position].slot)
        let payload = slots[slot].payload
        slots[slot].payload = nil
        slots[slot].generation &+= 1
        slots[slot].position = firstFree
        firstFree = Int32(slot)

        let last = heap.removeLast()
        if position < heap.count {
            place(last, at: position)
            siftUp(from: position)
            siftDown(from: Int(slots[Int(last.slot)].position))
        }
        return payload
    }

    private mutating func place(_ entry: Entry, at position: Int) {
        heap[position] = entry
        slots[Int(entry.slot)].position = Int32(position)
    }

    private mutating func siftUp(from start: Int) {
        let entry = heap[start]
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard entry.isBefore(heap[parent]) else { break }
            place(heap[parent], at: position)
            position = parent
        }
        place(entry, at: position)
    }

    private mutating func siftDown(from start: Int) {
        let entry = heap[start]
        var position = start
        while true {
            var child = 2 * position + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(entry) else { break }
            place(heap[child], at: position)
            position = child
        }
        place(entry, at: position)
    }
}
