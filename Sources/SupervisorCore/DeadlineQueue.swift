import StackModel

/// A priority queue of deadlines in which each slot has at most one, so that it cannot outgrow the number of slots.
///
/// A binary heap that knows where each slot stands in it: setting, moving and clearing a deadline take O(log n).
/// Equal deadlines come in the order of their slots, which keeps replays exact.
struct DeadlineQueue: Sendable {
    private struct Entry {
        var deadline: Instant
        var slot: Int
    }

    private var heap: [Entry] = []
    /// Where each slot stands in the heap; -1 where it has no deadline.
    private var positions: [Int] = []

    var next: Instant? { heap.first?.deadline }

    /// The deadline of a slot; setting nil clears it.
    subscript(slot: Int) -> Instant? {
        get {
            guard slot < positions.count, positions[slot] >= 0 else { return nil }
            return heap[positions[slot]].deadline
        }
        set {
            if let newValue { set(slot, to: newValue) } else { clear(slot) }
        }
    }

    /// Takes out the earliest deadline if it is due.
    mutating func popDue(at now: Instant) -> Int? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        clear(first.slot)
        return first.slot
    }

    private mutating func set(_ slot: Int, to deadline: Instant) {
        while positions.count <= slot { positions.append(-1) }
        let entry = Entry(deadline: deadline, slot: slot)
        if positions[slot] >= 0 {
            heap[positions[slot]] = entry
        } else {
            positions[slot] = heap.count
            heap.append(entry)
        }
        siftUp(positions[slot])
        siftDown(positions[slot])
    }

    private mutating func clear(_ slot: Int) {
        guard slot < positions.count, positions[slot] >= 0 else { return }
        let position = positions[slot]
        positions[slot] = -1
        let last = heap.removeLast()
        guard last.slot != slot else { return }
        heap[position] = last
        positions[last.slot] = position
        siftUp(position)
        siftDown(positions[last.slot])
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let (left, right) = (heap[left], heap[right])
        return left.deadline == right.deadline ? left.slot < right.slot : left.deadline < right.deadline
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        positions[heap[left].slot] = left
        positions[heap[right].slot] = right
    }

    private mutating func siftUp(_ start: Int) {
        var position = start
        while position > 0, precedes(position, (position - 1) / 2) {
            exchange(position, (position - 1) / 2)
            position = (position - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var position = start
        while true {
            var least = position
            for child in [2 * position + 1, 2 * position + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            guard least != position else { return }
            exchange(position, least)
            position = least
        }
    }
}
