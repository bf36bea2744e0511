import Glibc
import Synchronization

/// Formatted records of several logs on their way from the thread that reads to the one that keeps them.
///
/// It has one owner at a time, so that it is filled without a lock and handed over without a copy.
final class LogBatch: @unchecked Sendable {
    // @unchecked: only its owner touches it; mailboxes and the pool, which are synchronised, hand it from one to the next.

    /// Consecutive records of one log.
    struct Segment: Sendable {
        /// The log's place among the pump's.
        var channel: Int
        var range: Range<Int>
        var lines = 0
        /// Bytes of output that the records are made of.
        var payload = 0
        /// The number of the last record.
        var last: UInt64 = 0
        /// What was lost before the first record.
        var loss: LogLoss?
    }

    /// In bytes. The longest record, a piece of a line of which JSON escapes every byte, fits into it.
    static let capacity = 512 << 10

    let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    private(set) var segments: [Segment] = []

    init() {
        // The kernel gives the pages as they are filled.
        memory = .allocate(byteCount: LogBatch.capacity, alignment: 4096)
    }

    deinit {
        memory.deallocate()
    }

    var isEmpty: Bool { segments.isEmpty }
    var room: Int { LogBatch.capacity - count }

    func bytes(of segment: Segment) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[segment.range])
    }

    func removeAll() {
        count = 0
        segments.removeAll(keepingCapacity: true)
    }

    /// Begins a log's records, or goes on with them.
    func begin(_ channel: Int, after loss: LogLoss? = nil) {
        if loss == nil, let last = segments.last, last.channel == channel { return }
        segments.append(Segment(channel: channel, range: count..<count, loss: loss))
    }

    /// Adds one record to the log that was begun last, where there is room. `head` ends before the text.
    @inline(__always)
    func append(head: UnsafeRawBufferPointer, text: UnsafeRawBufferPointer, tail: StaticString) {
        guard let start = memory.baseAddress, let headStart = head.baseAddress else { return }
        memcpy(start + count, headStart, head.count)
        count += head.count
        if let textStart = text.baseAddress {
            memcpy(start + count, textStart, text.count)
            count += text.count
        }
        memcpy(start + count, tail.utf8Start, tail.utf8CodeUnitCount)
        count += tail.utf8CodeUnitCount
    }

    /// Ends what was added with `append`.
    func end(lines: Int, payload: Int, last: UInt64) {
        guard !segments.isEmpty else { return }
        let index = segments.count - 1
        segments[index].range = segments[index].range.lowerBound..<count
        segments[index].lines += lines
        segments[index].payload += payload
        segments[index].last = last
    }
}

/// The batches of one destination: as many as are made, whatever the output, so that its memory is bounded.
final class LogBatchPool: Sendable {
    private struct State {
        var free: [LogBatch] = []
        var made = 0
        /// The taker was left without one.
        var isMissed = false
    }

    private let state = Mutex(State())
    private let limit: Int
    private let onReturn: @Sendable () -> Void

    /// `onReturn` is called, from any thread, when one has come back that was missed.
    init(limit: Int, onReturn: @escaping @Sendable () -> Void) {
        self.limit = limit
        self.onReturn = onReturn
    }

    /// An empty batch; nil where all are on their way.
    func take() -> LogBatch? {
        state.withLock { state in
            // The one that came back last is still in the processor's cache, and the fewest pages are used.
            if let batch = state.free.popLast() { return batch }
            guard state.made < limit else {
                state.isMissed = true
                return nil
            }
            state.made += 1
            return LogBatch()
        }
    }

    func giveBack(_ batch: LogBatch) {
        batch.removeAll()
        let wasMissed = state.withLock { state in
            state.free.append(batch)
            defer { state.isMissed = false }
            return state.isMissed
        }
        if wasMissed { onReturn() }
    }
}
