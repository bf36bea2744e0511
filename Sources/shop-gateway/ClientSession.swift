import Glibc
import Logging
import NIOCore
import NIOWebSocket
import ServiceLifecycle

/// One client's conversation, from the handshake to the close.
struct ClientSession: Sendable {
    /// How often a silent client is asked whether it is there; who has not answered by the next time is gone.
    static let pingInterval = Duration.seconds(20)
    /// How long the client may take to answer a close, and so to read what was sent before it.
    static let closePatience = TimeAmount.seconds(5)
    /// How long a shutdown waits for messages that are still on their way through Redis.
    static let settlePatience = Duration.seconds(1)
    /// How long a client may take, at a shutdown, to read what waits for it.
    static let drainPatience = TimeAmount.seconds(5)

    let hub: RoomHub
    let channel: any Channel
    let client: ClientID
    let name: String
    let outbox: Outbox

    /// Serves a connection until either side closes it.
    static func serve(_ socket: WebSocket, hub: RoomHub, logger: Logger) async {
        let (client, outbox) = await hub.enter()
        // Unique among the replicas of a host, where processes have different numbers.
        let session = ClientSession(
            hub: hub, channel: socket.channel, client: client, name: "\(getpid())-\(client.number)", outbox: outbox)
        do {
            try await withGracefulShutdownHandler {
                try await socket.executeThenClose { inbound, outbound in
                    try await session.converse(inbound, outbound)
                }
            } onGracefulShutdown: {
                Task { await session.goAway() }
            }
        } catch {
            logger.debug("connection lost", metadata: ["client": "\(session.name)", "error": "\(error)"])
        }
        outbox.close(.goingAway, "")
        await hub.exit(client)
    }

    /// Closes after the messages that have been said already, wherever they are.
    private func goAway() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await hub.settle() }
            group.addTask { try? await Task.sleep(for: Self.settlePatience) }
            await group.next()
            outbox.close(.goingAway, "shutting down")
            channel.eventLoop.scheduleTask(in: Self.drainPatience) { channel.close(promise: nil) }
            group.cancelAll()
        }
    }

    private func converse(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    ) async throws {
        outbox.send(.text(ServerMessage(type: .welcome, client: name).encoded()))
        let liveness = Liveness()
        async let writing: Void = write(to: outbound)
        async let _ = watch(liveness)
        for try await frame in inbound {
            liveness.heard()
            guard await handle(frame) else { break }
        }
        outbox.close(.normalClosure, "")
        // Leaving this scope ends the watch.
        try await writing
    }

    /// Sends what waits until the outbox is closed. A client that does not answer the close then is not waited for.
    private func write(to outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>) async throws {
        for await entry in outbox.entries {
            switch entry {
            case .text(let text): try await outbound.write(Self.frame(.text, ByteBuffer(string: text)))
            case .ping: try await outbound.write(Self.frame(.ping, ByteBuffer()))
            case .pong(let bytes): try await outbound.write(Self.frame(.pong, ByteBuffer(bytes: bytes)))
            case .read(let room): try await read(room, to: outbound)
            case .close(let code, let reason): try await outbound.write(Self.goodbye(code, reason))
            }
        }
        channel.eventLoop.scheduleTask(in: Self.closePatience) { channel.close(promise: nil) }
    }

    /// Sends what the client has not been told of a room's stream.
    private func read(_ room: String, to outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>) async throws {
        // Where Redis goes away meanwhile, its next connection begins the reading anew.
        while let (texts, isAll) = try? await hub.read(room, for: client) {
            for text in texts { try await outbound.write(Self.frame(.text, ByteBuffer(string: text))) }
            guard !isAll else { return }
        }
    }

    /// Asks a client now and then whether it is there, and ends the connection of one that does not answer.
    private func watch(_ liveness: Liveness) async {
        while true {
            do { try await Task.sleep(for: Self.pingInterval) } catch { return }
            guard liveness.wasHeard() else {
                outbox.close(.goingAway, "no answer to a ping")
                // Who does not read either never gets that far.
                channel.eventLoop.scheduleTask(in: Self.closePatience) { channel.close(promise: nil) }
                return
            }
            outbox.send(.ping)
        }
    }

    /// Does what a frame asks for; false where it was the last.
    private func handle(_ frame: WebSocketFrame) async -> Bool {
        var data = frame.unmaskedData
        switch frame.opcode {
        case .text:
            guard let text = String(validating: data.readableBytesView, as: UTF8.self) else {
                outbox.close(.dataInconsistentWithMessage, "the text is not UTF-8")
                return true
            }
            await handle(text)
        case .binary:
            outbox.close(.unacceptableData, "only text is understood")
        case .ping:
            outbox.send(.pong(Array(data.readableBytesView)))
        case .connectionClose:
            let code = data.readWebSocketErrorCode() ?? .normalClosure
            outbox.close(code, "")
            return false
        case .pong, .continuation:
            break
        default:
            outbox.close(.protocolError, "unknown opcode")
        }
        return true
    }

    private func handle(_ text: String) async {
        guard let message = ClientMessage(parsing: text) else {
            return tell(.error, text: "a message is {\"type\": \"join\"|\"leave\"|\"message\", \"room\": NAME, …}")
        }
        guard Rooms.isName(message.room) else {
            return tell(.error, text: "a room's name is 1 to 64 letters, digits and ._-")
        }
        do {
            switch message.type {
            case .join:
                try await hub.join(client, message.room, after: message.after)
            case .leave:
                await hub.leave(client, message.room)
                tell(.left, room: message.room)
            case .message:
                try await say(message)
            }
        } catch {
            tell(.error, room: message.room, text: "\(error)", key: message.key)
        }
    }

    private func say(_ message: ClientMessage) async throws {
        guard let text = message.text else { return tell(.error, room: message.room, text: "a message has a text") }
        guard message.key.map(Rooms.isName) ?? true else {
            return tell(.error, room: message.room, text: "a key is 1 to 64 letters, digits and ._-", key: message.key)
        }
        let id = try await hub.say(text, in: message.room, from: client, name: name, key: message.key)
        // Without a key the sender could not tell which of its messages is meant.
        if let key = message.key { tell(.accepted, room: message.room, id: id, key: key) }
    }

    private func tell(
        _ type: ServerMessage.Kind, room: String? = nil, text: String? = nil, id: StreamID? = nil, key: String? = nil
    ) {
        outbox.send(.text(ServerMessage(type: type, room: room, text: text, id: id, key: key).encoded()))
    }

    private static func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, data: data)
    }

    private static func goodbye(_ code: WebSocketErrorCode, _ reason: String) -> WebSocketFrame {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        return frame(.connectionClose, data)
    }
}
