import NIOCore
import Synchronization

/// Counts what clients have open, turns away what is too much, and ends all of it when the server stops.
final class Admission: Sendable {
    enum Verdict {
        case served
        case tooMany
        /// There are too many even to tell them so.
        case drop
    }

    private struct State {
        var connections: [ObjectIdentifier: any Channel] = [:]
        var streams: [ObjectIdentifier: @Sendable () -> Void] = [:]
        var isStopping = false
    }

    private let state = Mutex(State())
    private let limits: Limits

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Takes note of a connection until it is closed.
    func enter(_ channel: any Channel) -> Verdict {
        let key = ObjectIdentifier(channel)
        let verdict = state.withLock { state -> Verdict in
            guard !state.isStopping, state.connections.count < 2 * limits.connections else { return .drop }
            state.connections[key] = channel
            return state.connections.count <= limits.connections ? .served : .tooMany
        }
        if verdict != .drop {
            channel.closeFuture.whenComplete { _ in self.state.withLock { $0.connections[key] = nil } }
        }
        return verdict
    }

    /// Takes note of a stream until `leave`. False: there are too many, or the server stops.
    func enter<Item>(_ feed: Feed<Item>) -> Bool {
        state.withLock { state in
            guard !state.isStopping, state.streams.count < limits.streams else { return false }
            state.streams[ObjectIdentifier(feed)] = { feed.finish() }
            return true
        }
    }

    func leave<Item>(_ feed: Feed<Item>) {
        feed.finish()
        state.withLock { $0.streams[ObjectIdentifier(feed)] = nil }
    }

    /// Admits nothing more, ends the streams, and gives the connections that are still open.
    func stop() -> [any Channel] {
        let (connections, streams) = state.withLock { state in
            state.isStopping = true
            return (Array(state.connections.values), Array(state.streams.values))
        }
        for end in streams { end() }
        return connections
    }
}
