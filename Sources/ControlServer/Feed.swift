public import ControlProtocol
import Synchronization

/// What can go through a feed.
public protocol FeedItem: Hashable, Codable, JSONValue {
    /// About how many bytes it takes in memory.
    var footprint: Int { get }
    /// What is counted where items are lost.
    static var unit: StreamGap.Unit { get }
    /// How many of the unit it is.
    var amount: UInt64 { get }
}

extension FeedItem {
    public var amount: UInt64 { 1 }
}

extension EventDocument: FeedItem {
    public var footprint: Int { MemoryLayout<Self>.stride + subject.utf8.count + text.utf8.count }
    public static var unit: StreamGap.Unit { .events }
}

extension LogLine: FeedItem {
    public var footprint: Int { MemoryLayout<Self>.stride + text.utf8.count }
    public static var unit: StreamGap.Unit { .lines }
}

extension WatchDocument: FeedItem {
    public var footprint: Int { MemoryLayout<Self>.stride + paths.reduce(0) { $0 + $1.utf8.count } }
    public static var unit: StreamGap.Unit { .events }
}

extension ExecutionRecord: FeedItem {
    public var footprint: Int { MemoryLayout<Self>.stride + Int(amount) }
    public static var unit: StreamGap.Unit { .bytes }

    public var amount: UInt64 {
        switch self {
        case .output(_, let bytes): UInt64(bytes.count)
        case .started, .exited: 0
        }
    }
}

/// A bounded queue from the daemon to one client. The daemon never waits: what does not fit is dropped and counted,
/// and the client finds a gap in its place. A source that can be paused loses nothing: it stops at `isCrowded`, and
/// goes on when `whenTaken` says so.
public final class Feed<Item: FeedItem>: RecordSource {
    public typealias Record = StreamRecord<Item>

    private typealias Reader = CheckedContinuation<[Record]?, Never>
    private typealias Callback = @Sendable () -> Void

    private struct State {
        var records: [Record] = []
        var footprint = 0
        /// What was dropped since the last record was taken in, in the items' unit.
        var lost: UInt64 = 0
        var isFinished = false
        var reader: Reader?
        var onTaken: Callback?
        var onFinished: [Callback] = []

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
        let (isOpen, reader) = state.withLock { state -> (Bool, Reader?) in
            guard !state.isFinished else { return (false, nil) }
            // A waiting reader has taken everything: the item need not be queued.
            if let reader = state.reader.take() { return (true, reader) }
            guard state.footprint + footprint <= capacity else {
                state.lost += item.amount
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

    /// Whether half the room is taken: an item of less than the other half still fits.
    public var isCrowded: Bool { state.withLock { $0.footprint * 2 >= capacity } }

    /// Calls the body once, from any thread: as soon as the client has taken what is queued, or has gone.
    public func whenTaken(_ body: @escaping @Sendable () -> Void) {
        let isNow = state.withLock { state in
            guard !state.isFinished, state.footprint > 0 else { return true }
            state.onTaken = body
            return false
        }
        if isNow { body() }
    }

    /// Calls the body once, from any thread: when the client has gone, or the daemon has ended the feed.
    public func whenFinished(_ body: @escaping @Sendable () -> Void) {
        let isNow = state.withLock { state in
            guard !state.isFinished else { return true }
            state.onFinished.append(body)
            return false
        }
        if isNow { body() }
    }

    /// Nothing follows; what is queued is still delivered, and the last item even where there is no room for it.
    public func finish(with last: Item?) {
        let (reader, onEnd) = state.withLock { state -> (Reader?, [Callback]) in
            guard !state.isFinished else { return (nil, []) }
            let reader = state.reader.take()
            if reader == nil, let last {
                state.noteLoss()
                state.records.append(.item(last))
            }
            state.isFinished = true
            defer { (state.onTaken, state.onFinished) = (nil, []) }
            return (reader, state.onFinished + (state.onTaken.map { [$0] } ?? []))
        }
        reader?.resume(returning: last.map { [.item($0)] })
        for body in onEnd { body() }
    }

    public func finish() { finish(with: nil) }

    /// Wakes the reader with nothing, so that it can show that it lives.
    public func nudge() {
        let reader = state.withLock { $0.reader.take() }
        reader?.resume(returning: [])
    }

    /// Everything that is queued, or what comes next; empty after a nudge, nil at the end. For one reader at a time.
    public func next() async -> [Record]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (result, onTaken) = state.withLock { state -> ([Record]??, Callback?) in
                    let records = state.takeAll()
                    if !records.isEmpty { return (.some(records), state.onTaken.take()) }
                    if state.isFinished { return (.some(nil), nil) }
                    state.reader = continuation
                    return (nil, nil)
                }
                if let result { continuation.resume(returning: result) }
                onTaken?()
            }
        } onCancel: {
            finish()
        }
    }
}
