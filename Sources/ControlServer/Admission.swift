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

    /// Whose connections are counted together: so many others as there are cannot keep these out.
    enum Pool: Hashable {
        /// Those who may do everything.
        case admin
        case other
    }

    private struct State {
        var connections: [Pool: [ObjectIdentifier: any Channel]] = [:]
        var streams: [ObjectIdentifier: @Sendable () -> Void] = [:]
        var isStopping = false
    }

    private let state = Mutex(State())
    private let limits: Limits

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Takes note of a connection until it is closed.
    func enter(_ channel: any Channel, as pool: Pool) -> Verdict {
        let key = ObjectIdentifier(channel)
        let verdict = state.withLock { state -> Verdict in
            let count = state.connections[pool]?.count ?? 0
            guard !state.isStopping, count < 2 * limits.connections else { return .drop }
            state.connections[pool, default: [:]][key] = channel
            return count < limits.connections ? .served : .tooMany
        }
        if verdict != .drop {
            channel.closeFuture.whenComplete { _ in self.state.withLock { $0.connections[pool]?[key] = nil } }
        }
        return verdict
    }

    /// Takes note of a stream until `leave`. False: there are too many, or the server stops.
    func enter(_ feed: any RecordSource) -> Bool {
        state.withLock { state in
            guard !state.isStopping, state.streams.count < limits.streams else { return false }
            state.streams[ObjectIdentifier(feed)] = { feed.finish() }
            return true
        }
    }

    func leave(_ feed: any RecordSource) {
        feed.finish()
        state.withLock { $0.streams[ObjectIdentifier(feed)] = nil }
    }

    /// Admits nothing more, ends the streams, and gives the connections that are still open.
    func stop() -> [any Channel] {
        let (connections, streams) = state.withLock { state in
            state.isStopping = true
            return (state.connections.values.flatMap(\.values), Array(state.streams.values))
        }
        for end in streams { end() }
        return connections
    }
}
