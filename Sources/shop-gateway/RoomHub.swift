import NIOWebSocket
import ServiceLifecycle
import WorkloadKit

/// The rooms of this replica, joined by Redis with those of the others.
actor RoomHub: Service {
    private let bus: RedisBus
    private let metrics: Metrics
    private var rooms = Rooms()
    private var outboxes: [ClientID: Outbox] = [:]
    private var lastClient: UInt64 = 0

    init(bus: RedisBus, metrics: Metrics) {
        self.bus = bus
        self.metrics = metrics
    }

    /// Passes on what the rooms say until the program ends.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await self.bus.run { channel, message in await self.deliver(message, on: channel) }
        }
    }

    /// Returns when everything that was said before has been put into the outboxes, or Redis is away.
    func settle() async {
        try? await bus.ping()
    }

    /// A new client and what is to be sent to it.
    func enter() -> (ClientID, Outbox) {
        lastClient += 1
        let client = ClientID(number: lastClient)
        let outbox = Outbox()
        outboxes[client] = outbox
        metrics.adjust("websocket_connections", "Open WebSocket connections.", by: 1)
        return (client, outbox)
    }

    /// Takes a client out of everything.
    func exit(_ client: ClientID) async {
        outboxes[client] = nil
        metrics.adjust("websocket_connections", "Open WebSocket connections.", by: -1)
        for room in rooms.leaveAll(client) { await closeRoom(room) }
    }

    /// Lets a client into a room; messages that are published from when this returns on will reach it.
    ///
    /// - Throws: what Redis said, or ``RoomHubError/tooManyRooms``; the client is not in the room then.
    func join(_ client: ClientID, _ room: String) async throws {
        switch rooms.join(client, room) {
        case .none: return
        case .refused: throw RoomHubError.tooManyRooms
        case .membership, .opened, .closed: break
        }
        do {
            // Not only for the first member: a second must not be told that it has joined before the first's
            // subscription stands.
            try await bus.subscribe(to: Self.channel(room))
        } catch {
            await leave(client, room)
            throw error
        }
    }

    func leave(_ client: ClientID, _ room: String) async {
        if rooms.leave(client, room) == .closed { await closeRoom(room) }
    }

    /// Publishes a message to a room's members on all replicas.
    func say(_ text: String, in room: String, from client: ClientID, name: String) async throws {
        guard rooms.contains(client, in: room) else { throw RoomHubError.notInRoom }
        metrics.count("gateway_messages_received_total", "Messages that clients sent.")
        let message = ServerMessage(type: .message, room: room, client: name, text: text)
        try await bus.publish(message.encoded(), to: Self.channel(room))
    }

    /// Passes a published message on to the room's members on this replica.
    func deliver(_ message: String, on channel: String) {
        guard channel.hasPrefix(Self.prefix) else { return }
        for client in rooms.members(of: String(channel.dropFirst(Self.prefix.count))) {
            guard let outbox = outboxes[client] else { continue }
            switch outbox.send(.text(message)) {
            case .queued:
                metrics.count("gateway_messages_delivered_total", "Messages that were passed on to a client.")
            case .full:
                metrics.count("gateway_clients_dropped_total", "Clients that did not keep up.")
                outbox.close(.policyViolation, "too slow")
            case .closed:
                break
            }
        }
    }

    private func closeRoom(_ room: String) async {
        await bus.unsubscribe(from: Self.channel(room))
        // Someone may have joined in the meantime, and relied on the subscription that was just ended.
        if !rooms.members(of: room).isEmpty { try? await bus.subscribe(to: Self.channel(room)) }
    }

    private static let prefix = "room:"

    private static func channel(_ room: String) -> String { prefix + room }
}

/// Why a client's wish is not fulfilled.
enum RoomHubError: Error, CustomStringConvertible {
    case tooManyRooms
    case notInRoom

    var description: String {
        switch self {
        case .tooManyRooms: "a client may be in \(Rooms.perClient) rooms at most"
        case .notInRoom: "join the room first"
        }
    }
}
