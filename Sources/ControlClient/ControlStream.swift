public import ControlProtocol
import NIOCore

/// Records as the daemon sends them; to be iterated once. The connection is closed when nobody reads any more.
public struct ControlStream<Item: Hashable & Codable & Sendable>: AsyncSequence, Sendable {
    public typealias Element = StreamRecord<Item>
    public typealias Failure = ControlClientError

    private let messages: EventStreamMessages

    init(_ messages: EventStreamMessages) {
        self.messages = messages
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(messages: messages.makeAsyncIterator())
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private var messages: EventStreamMessages.AsyncIterator

        fileprivate init(messages: EventStreamMessages.AsyncIterator) {
            self.messages = messages
        }

        /// The next record; nil at the stream's end, and when the task is cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(ControlClientError) -> StreamRecord<Item>? {
            do {
                guard let message = try await messages.next(isolation: actor) else { return nil }
                return try decoded(message.data)
            } catch let error as ControlClientError {
                throw error
            } catch is CancellationError {
                return nil
            } catch {
                throw .disconnected
            }
        }
    }
}
