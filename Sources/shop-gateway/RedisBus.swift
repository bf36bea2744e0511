import Logging
import NIOCore
import NIOPosix

/// The gateway's connection to Redis: commands, subscriptions, and coming back when it is lost.
///
/// Protocol version 3 puts published messages and the answers to commands on one connection, in the server's order.
/// So an answer proves that every message published before it has been handed on.
actor RedisBus {
    /// Why a command has no answer.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    private enum State {
        /// No connection, for this reason; becomes `connected` when one stands.
        case disconnected(reason: String)
        /// Commands go to the connection's writer; becomes `disconnected` when the connection ends.
        case connected(AsyncStream<[String]>.Continuation)
    }

    /// Commands that wait to be written or answered; more are refused, so that a stuck server does not fill memory.
    static let longestQueue = 10_000

    private let address: SocketAddress
    private let logger: Logger
    private var state = State.disconnected(reason: "not connected yet")
    /// The channels that must be subscribed to on whatever connection there is.
    private var channels: Set<String> = []
    /// Those who wait for an answer, in the order of their commands, which is the order of the answers.
    private var waiting: [CheckedContinuation<RESPValue, any Error>] = []

    /// What is done with a published message.
    typealias Delivery = @Sendable (_ channel: String, _ message: String) async -> Void

    init(address: SocketAddress, logger: Logger) {
        self.address = address
        self.logger = logger
    }

    /// Keeps a connection until the task is cancelled, and has every message of its channels delivered, one by one.
    ///
    /// - Parameter connected: is told of each new connection before it delivers anything. What was published while there
    ///   was none is not delivered.
    func run(connected: @Sendable () async -> Void, deliver: @escaping Delivery) async {
        var delay = Duration.milliseconds(50)
        while true {
            let start = ContinuousClock.now
            do {
                try await converse(connected, deliver)
                disconnect(because: "the connection was closed")
            } catch {
                disconnect(because: Task.isCancelled ? "the program is about to end" : "\(error)")
            }
            guard !Task.isCancelled else { return }
            // A connection that held for a while was good: the first attempt to get it back need not wait long.
            if .now - start > .seconds(5) { delay = .milliseconds(50) }
            try? await Task.sleep(for: delay)
            delay = min(delay * 2, .seconds(2))
        }
    }
}

// MARK: - Commands

extension RedisBus {
    /// Returns when Redis answers; by then every message that was published before has been delivered.
    func ping() async throws {
        _ = try await command(["PING"])
    }

    /// Delivers the channel's messages, from when this returns on.
    func subscribe(to channel: String) async throws {
        if channels.insert(channel).inserted { send(["SUBSCRIBE", channel]) }
        // A subscription is answered by a push, which nobody waits for; an answer to what was sent after it will do.
        try await ping()
    }

    /// Delivers the channel's messages no more.
    func unsubscribe(from channel: String) {
        if channels.remove(channel) != nil { send(["UNSUBSCRIBE", channel]) }
    }

    /// A command's answer.
    ///
    /// - Throws: ``Fault``, also where the connection was lost: the command may have been carried out then, or not.
    func command(_ words: [String]) async throws -> RESPValue {
        switch state {
        case .disconnected(let reason):
            throw Fault(description: reason)
        case .connected(let writer):
            guard waiting.count < Self.longestQueue else { throw Fault(description: "too many commands wait") }
            return try await withCheckedThrowingContinuation { answer in
                waiting.append(answer)
                writer.yield(words)
            }
        }
    }

    /// Sends a command that has no answer of its own. Without a connection there is nothing to do: the next one begins
    /// with the subscriptions that are wanted then.
    private func send(_ words: [String]) {
        guard case .connected(let writer) = state else { return }
        writer.yield(words)
    }
}

// MARK: - The connection

extension RedisBus {
    /// Connects, and returns or throws when the connection has ended.
    private func converse(_ connected: () async -> Void, _ deliver: Delivery) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(2))
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(RESPDecoder()))
                    return try NIOAsyncChannel<RESPValue, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            var values = inbound.makeAsyncIterator()
            try await outbound.write(.command(["HELLO", "3"]))
            switch try await values.next(isolation: #isolation) {
            case .array: break
            case .error(let message): throw Fault(description: message)
            case .null, .integer, .string, .push, nil:
                throw Fault(description: "this is no Redis of version 6 or later")
            }
            let writes = connect()
            await connected()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await words in writes { try await outbound.write(.command(words)) }
                }
                defer { group.cancelAll() }
                while let value = try await values.next(isolation: #isolation) { await receive(value, deliver) }
            }
        }
    }

    /// Commands go to this stream from now on, after the subscriptions that are wanted.
    private func connect() -> AsyncStream<[String]> {
        let (writes, writer) = AsyncStream.makeStream(of: [String].self)
        if !channels.isEmpty { writer.yield(["SUBSCRIBE"] + channels.sorted()) }
        state = .connected(writer)
        logger.info("connected to Redis")
        return writes
    }

    private func receive(_ value: RESPValue, _ deliver: Delivery) async {
        switch value {
        case .push(let parts):
            guard parts.count == 3, parts[0].string == "message", let channel = parts[1].string,
                let message = parts[2].string
            else { return }
            await deliver(channel, message)
        case .error(let message):
            if !waiting.isEmpty { waiting.removeFirst().resume(throwing: Fault(description: message)) }
        case .null, .integer, .string, .array:
            if !waiting.isEmpty { waiting.removeFirst().resume(returning: value) }
        }
    }

    private func disconnect(because reason: String) {
        if case .connected(let writer) = state {
            writer.finish()
            logger.notice("disconnected from Redis", metadata: ["reason": "\(reason)"])
        }
        state = .disconnected(reason: reason)
        let left = waiting
        waiting = []
        left.forEach { $0.resume(throwing: Fault(description: reason)) }
    }
}

extension ByteBuffer {
    fileprivate static func command(_ words: [String]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeCommand(words)
        return buffer
    }
}
