import Synchronization

/// A bounded queue of records from the thread that reads them to one client that follows. It is never waited for: what
/// does not fit is counted.
final class LogFeed: Sendable {
    enum Chunk: Sendable {
        /// Whole formatted records of one log.
        case records(LogOwner, [UInt8])
        /// So many records came here and did not fit.
        case lost(Int)
    }

    private struct State {
        var chunks: [Chunk] = []
        var size = 0
        var lost = 0
        var isFinished = false
        var reader: CheckedContinuation<[Chunk]?, Never>?

        mutating func takeAll() -> [Chunk] {
            if lost > 0 { chunks.append(.lost(lost)) }
            defer { (chunks, size, lost) = ([], 0, 0) }
            return chunks
        }
    }

    /// In bytes; one piece, of a batch's size at the most, is taken even where it is longer.
    private static let capacity = 512 << 10

    private let services: Set<String>
    private let state = Mutex(State())

    /// A feed of these services' output; of all where none is named.
    init(services: Set<String>) {
        self.services = services
    }

    func wants(_ owner: LogOwner) -> Bool { services.isEmpty || services.contains(owner.service) }

    /// False: nothing more is wanted, and the feed can be forgotten.
    func offer(_ records: UnsafeRawBufferPointer, lines: Int, of owner: LogOwner) -> Bool {
        let (isOpen, reader, chunks) = state.withLock {
            state -> (Bool, CheckedContinuation<[Chunk]?, Never>?, [Chunk]) in
            guard !state.isFinished else { return (false, nil, []) }
            guard state.chunks.isEmpty || state.size + records.count <= Self.capacity else {
                state.lost += lines
                return (true, nil, [])
            }
            if state.lost > 0 {
                state.chunks.append(.lost(state.lost))
                state.lost = 0
            }
            state.chunks.append(.records(owner, Array(records)))
            state.size += records.count
            guard let reader = state.reader.take() else { return (true, nil, []) }
            return (true, reader, state.takeAll())
        }
        reader?.resume(returning: chunks)
        return isOpen
    }

    var isFinished: Bool { state.withLock { $0.isFinished } }

    /// Nothing follows; what is queued is still delivered.
    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            return state.reader.take()
        }
        reader?.resume(returning: nil)
    }

    /// Wakes a reader that waits, with nothing.
    func nudge() {
        let reader = state.withLock { $0.reader.take() }
        reader?.resume(returning: [])
    }

    /// Everything that is queued, or what comes next; empty after a nudge, nil at the end. For one reader at a time.
    func next() async -> [Chunk]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> [Chunk]?? in
                    let chunks = state.takeAll()
                    if !chunks.isEmpty { return .some(chunks) }
                    if state.isFinished { return .some(nil) }
                    state.reader = continuation
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            finish()
        }
    }
}
