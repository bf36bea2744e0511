import NIOWebSocket

/// What waits to be sent to one client.
struct Outbox: Sendable {
    /// The most that may wait. A client that reads slower than its rooms talk is closed, not waited for.
    static let capacity = 256

    enum Entry: Equatable, Sendable {
        case text(String)
        case ping
        case pong([UInt8])
        /// What the client has not been told of a room's stream. It is fetched when its turn has come, as fast as the
        /// client takes it, and so does not wait here.
        case read(room: String)
        /// The last entry: nothing is sent after it.
        case close(WebSocketErrorCode, String)
    }

    /// What came of an attempt to send.
    enum Verdict: Equatable {
        case queued
        /// The client does not keep up.
        case full
        /// The connection is about to end.
        case closed
    }

    let entries: AsyncStream<Entry>
    private let continuation: AsyncStream<Entry>.Continuation

    init() {
        (entries, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.capacity))
    }

    @discardableResult
    func send(_ entry: Entry) -> Verdict {
        switch continuation.yield(entry) {
        case .enqueued: .queued
        case .dropped: .full
        case .terminated: .closed
        @unknown default: .closed
        }
    }

    /// Says goodbye after what waits; where no room is left for that, the connection ends without.
    func close(_ code: WebSocketErrorCode, _ reason: String) {
        send(.close(code, reason))
        continuation.finish()
    }
}
