import ControlClient
import ControlProtocol

/// The services now, and again each time after something happened to them, until the daemon ends.
///
/// Any number of events between two snapshots make one new snapshot, so a busy stack is not asked more often than it
/// answers. At the daemon's end the sequence throws `ControlClientError.disconnected` or ends.
struct ServiceSnapshots: AsyncSequence {
    let client: ControlClient

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(client: client)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        let client: ControlClient
        private var changes: AsyncThrowingStream<Void, any Error>.Iterator?

        init(client: ControlClient) {
            self.client = client
        }

        mutating func next() async throws -> [ServiceDocument]? {
            if changes == nil {
                // Subscribed before the first look, so that no change falls between.
                changes = Self.changes(in: try await client.events(.now)).makeAsyncIterator()
            } else if try await changes?.next() == nil {
                return nil
            }
            return try await client.services()
        }

        /// One element for all the events that came since the last one was taken.
        private static func changes(in events: ControlStream<EventDocument>) -> AsyncThrowingStream<Void, any Error> {
            let (stream, continuation) = AsyncThrowingStream<Void, any Error>.makeStream(
                bufferingPolicy: .bufferingNewest(1))
            let reader = Task {
                do {
                    for try await _ in events { continuation.yield() }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in reader.cancel() }
            return stream
        }
    }
}
