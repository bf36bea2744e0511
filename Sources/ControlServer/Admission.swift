import ControlProtocol
import NIOCore
import StackModel
import Synchronization

/// Who has something open, as far as it matters for how much that may be.
struct Holder: Hashable, Sendable {
    /// What is counted together: however many others there are, they cannot keep these out.
    enum Pool: Hashable {
        /// Processes that may do everything.
        case admin
        /// Processes that may do something.
        case granted
        /// Processes that may do nothing.
        case stranger
        /// Whoever comes over TCP: who that is shows only with a request.
        case network
    }

    let pool: Pool
    /// Who gets no more than a share of the pool; nil where it is not known, and for those who may do everything.
    let user: UInt32?

    init(_ client: Client, _ role: ControlRole?) {
        switch (client, role) {
        case (.network, _): (pool, user) = (.network, nil)
        case (.process, .admin?): (pool, user) = (.admin, nil)
        case (.process(let peer), .operate?), (.process(let peer), .read?): (pool, user) = (.granted, peer.user)
        case (.process(let peer), nil): (pool, user) = (.stranger, peer.user)
        }
    }
}

/// Counts what clients have open, turns away what is too much, and ends all of it when the server stops.
final class Admission: Sendable {
    enum Verdict {
        case served
        case tooMany
        /// There are too many even to tell them so.
        case drop
    }

    private struct Connection {
        var channel: any Channel
        var holder: Holder
    }

    private struct Stream {
        var source: any RecordSource
        var channel: any Channel
        var holder: Holder
        var isAllowed: @Sendable () -> Bool
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var streams: [ObjectIdentifier: Stream] = [:]
        var isStopping = false
    }

    private let state = Mutex(State())
    private let limits: Limits

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Takes note of a connection until it is closed.
    func enter(_ channel: any Channel, of holder: Holder) -> Verdict {
        let key = ObjectIdentifier(channel)
        let verdict = state.withLock { state -> Verdict in
            let holders = state.connections.values.map(\.holder)
            guard !state.isStopping, hasRoom(for: holder, among: holders, of: 2 * limits.connections) else {
                return .drop
            }
            state.connections[key] = Connection(channel: channel, holder: holder)
            return hasRoom(for: holder, among: holders, of: limits.connections) ? .served : .tooMany
        }
        if verdict != .drop {
            channel.closeFuture.whenComplete { _ in self.state.withLock { $0.connections[key] = nil } }
        }
        return verdict
    }

    private func hasRoom(for holder: Holder, among holders: [Holder], of limit: Int) -> Bool {
        guard holders.count(where: { $0.pool == holder.pool }) < limit else { return false }
        guard holder.user != nil else { return true }
        return holders.count { $0 == holder } < max(1, Int(Double(limit) * limits.userShare))
    }

    /// Takes note of a stream until `leave`.
    /// - Throws: `too_many_connections`, `shutting_down`.
    func enter(_ source: any RecordSource, for call: Call) throws(ControlProblem) {
        try state.withLock { state throws(ControlProblem) in
            guard !state.isStopping else {
                throw ControlProblem(.shuttingDown, "the daemon ends, and so do all streams")
            }
            let holders = state.streams.values.map(\.holder)
            guard hasRoom(for: call.holder, among: holders, of: limits.streams) else {
                throw .tooManyStreams(limit: limits.streams)
            }
            state.streams[ObjectIdentifier(source)] = Stream(
                source: source, channel: call.channel, holder: call.holder, isAllowed: call.isAllowed)
        }
    }

    func leave(_ source: any RecordSource) {
        source.finish()
        state.withLock { $0.streams[ObjectIdentifier(source)] = nil }
    }

    /// Cuts off who follows what is not theirs any more. What they have not taken yet does not reach them either.
    func endForbiddenStreams() {
        for stream in state.withLock({ Array($0.streams.values) }) where !stream.isAllowed() {
            stream.channel.close(promise: nil)
        }
    }

    /// Admits nothing more, ends the streams, and gives the connections that are still open.
    func stop() -> [any Channel] {
        let (channels, sources) = state.withLock { state in
            state.isStopping = true
            return (state.connections.values.map(\.channel), state.streams.values.map(\.source))
        }
        for source in sources { source.finish() }
        return channels
    }
}

extension ControlProblem {
    fileprivate static func tooManyStreams(limit: Int) -> ControlProblem {
        ControlProblem(
            .tooManyConnections, "\(limit) clients follow events or logs, and that is the limit; try again")
    }
}
