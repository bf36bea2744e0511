public import ControlProtocol
import Synchronization

/// What can go through a feed.
public protocol FeedItem: Hashable, Codable, Sendable {
    /// About how many bytes it takes in memory.
    var footprint: Int { get }
    /// What is counted where items are lost.
    static var unit: StreamGap.Unit { get }
}

extension EventDocument: FeedItem {
    public var footprint: Int { MemoryLayout<Self>.stride + subject.utf8.count + text.utf8.count }
    public static var unit: StreamGap.Unit { .events }
}

extension LogLine: FeedItem {
    public var footprint: Int { MemoryLayout<Self>.stride + text.utf8.count }
    public static var unit: StreamGap.Unit { .lines }
}

/// A bounded queue from the daemon to one client. The daemon never waits: what does not fit is dropped and counted,
/// and the client finds a gap in its place.
public final class Feed<Item: FeedItem>: Sendable {
    public typealias Record = StreamRecord<Item>

    private struct State {
        var records: [Record] = []
        var footprint = 0
        /// Items dropped since the last record was taken in.
        var lost: UInt64 = 0
        var isFinished = false
        var reader: CheckedContinuation<[Record]?, Never>?

        /// Writes down what was lost as a record of its own.
        mutating func noteLoss() {
            guard lost > 0 else { return }
            records.append(.gap(StreamGap(lost: lost, unit: Item.unit, code: .clientTooSlow)))
            lost = 0
        }

        mutating func takeAll() -> [Record] {
            noteLoss()
            defer { (records, footprint) = ([], 0) }
            return records
        }
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// A feed that holds items of up to `capacity` bytes for a client that is not reading.
    public init(capacity: Int = 64 << 10) {
        self.capacity = capacity
    }

    /// Whether nothing that is offered is taken any more: the client is gone, or the daemon has ended the feed.
    public var isFinished: Bool { state.withLock { $0.isFinished } }

    /// Passes an item on. False: the client is gone, and the feed can be forgotten.
    @discardableResult
    public func offer(_ item: Item) -> Bool {
        let footprint = item.footprint
        let (isOpen, reader) = state.withLock { state -> (Bool, CheckedContinuation<[Record]?, Never>?) in
            guard !state.isFinished else { return (false, nil) }
            // A waiting reader has taken everything: the item need not be queued.
            if let reader = state.reader.take() { return (true, reader) }
            guard state.footprint + footprint <= capacity else {
                state.lost += 1
                return (true, nil)
            }
            state.noteLoss()
            state.records.append(.item(item))
            state.footprint += footprint
            return (true, nil)
        }
        reader?.resume(returning: [.item(item)])
        return isOpen
    }

    /// Nothing follows; what is queued is still delivered.
    public func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            return state.reader.take()
        }
        reader?.resume(returning: nil)
    }

    /// Wakes the reader with nothing, so that it can show that it lives.
    func nudge() {
        let reader = state.withLock { $0.reader.take() }
        reader?.resume(returning: [])
    }

    /// Everything that is queued, or what comes next; empty after a nudge, nil at the end. For one reader at a time.
    func next() async -> [Record]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> [Record]?? in
                    let records = state.takeAll()
                    if !records.isEmpty { return .some(records) }
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
