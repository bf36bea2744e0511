import NIOWebSocket
import ServiceLifecycle
import WorkloadKit

/// The rooms of this replica, joined by Redis with those of the others.
///
/// A client that joins, or whose Redis was away, first reads its room's stream from where it stands, and then listens to
/// what is published. So it misses nothing that is kept, and is told nothing twice.
actor RoomHub: Service {
    private let bus: RedisBus
    private let log: RoomLog
    private let metrics: Metrics
    private var rooms = Rooms()
    /// The newest message of each room that the present connection to Redis has told of.
    private var newest: [String: StreamID] = [:]
    private var outboxes: [ClientID: Outbox] = [:]
    private var lastClient: UInt64 = 0

    init(bus: RedisBus, metrics: Metrics) {
        self.bus = bus
        self.log = RoomLog(bus: bus)
        self.metrics = metrics
    }

    /// Passes on what the rooms say until the program ends.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            await self.bus.run {
                await self.readAgain()
            } deliver: { channel, text in
                await self.deliver(text, on: channel)
            }
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

    func leave(_ client: ClientID, _ room: String) async {
        if rooms.leave(client, room) == .closed { await closeRoom(room) }
    }

    private func closeRoom(_ room: String) async {
        newest[room] = nil
        await bus.unsubscribe(from: RoomLog.stream(room))
        // Someone may have joined in the meantime, and relied on the subscription that was just ended.
        if !rooms.members(of: room).isEmpty { try? await bus.subscribe(to: RoomLog.stream(room)) }
    }

    private func send(_ entry: Outbox.Entry, to client: ClientID) {
        guard let outbox = outboxes[client] else { return }
        switch outbox.send(entry) {
        case .queued, .closed:
            break
        case .full:
            metrics.count("gateway_clients_dropped_total", "Clients that did not keep up.")
            outbox.close(.policyViolation, "too slow")
        }
    }
}

// MARK: - What is said

extension RoomHub {
    /// Says something to a room's members on all replicas; returns its place when it is in Redis.
    ///
    /// - Throws: what Redis said, or ``RoomHubError/notInRoom``. Whether the message was taken may be unknown then, and
    ///   under its key it can be said again.
    func say(
        _ text: String, in room: String, from client: ClientID, name: String, key: String?
    ) async throws -> StreamID {
        guard rooms.contains(client, in: room) else { throw RoomHubError.notInRoom }
        metrics.count("gateway_messages_received_total", "Messages that clients sent.")
        return try await log.append(text, to: room, from: name, key: key)
    }

    /// Passes a published message on to those of the room's members on this replica who listen.
    private func deliver(_ text: String, on channel: String) {
        guard let (room, message) = RoomLog.told(text, on: channel) else { return }
        newest[room] = message.id
        let entry = Outbox.Entry.text(told(message, in: room))
        for client in rooms.hear(message.id, in: room) { send(entry, to: client) }
    }

    private func told(_ message: RoomLog.Message, in room: String) -> String {
        metrics.count("gateway_messages_delivered_total", "Messages that were passed on to a client.")
        return ServerMessage(
            type: .message, room: room, client: message.client, text: message.text, id: message.id
        ).encoded()
    }
}

// MARK: - Joining and reading

extension RoomHub {
    /// Lets a client into a room, and tells it what was and will be said there after a place, or after now.
    ///
    /// - Throws: what Redis said, or ``RoomHubError/tooManyRooms``; the client is not in the room then.
    func join(_ client: ClientID, _ room: String, after place: StreamID?) async throws {
        switch rooms.join(client, room) {
        case .none: return welcome(client, room)
        case .refused: throw RoomHubError.tooManyRooms
        case .membership, .opened, .closed: break
        }
        do {
            // Not only for the first member: a second must not be told that it has joined before the first's
            // subscription stands.
            try await bus.subscribe(to: RoomLog.stream(room))
            let start = if let place { place } else { try await log.newest(in: room) }
            rooms[client, in: room] = .reading(after: start)
        } catch {
            await leave(client, room)
            throw error
        }
        welcome(client, room)
        send(.read(room: room), to: client)
    }

    private func welcome(_ client: ClientID, _ room: String) {
        let joined = ServerMessage(type: .joined, room: room, id: rooms[client, in: room]?.place)
        send(.text(joined.encoded()), to: client)
    }

    /// There is a new connection to Redis: what was said while there was none, everybody has missed.
    private func readAgain() {
        newest = [:]
        for (client, room) in rooms.missEverything() { send(.read(room: room), to: client) }
    }

    /// What a client is told next of a room's stream, and whether that is all: what comes after, it will hear. Nil where
    /// it does not read.
    ///
    /// - Throws: what Redis said. With the next connection the client is to read again.
    func read(_ room: String, for client: ClientID) async throws -> (texts: [String], isAll: Bool)? {
        guard let standing = rooms[client, in: room], case .reading(let place) = standing else { return nil }
        let heard = newest[room]
        let page = try await log.page(of: room, after: place)
        // The client may have left meanwhile, and may even have come again.
        guard rooms[client, in: room] == standing else { return nil }
        let last = page.messages.last?.id ?? place
        // What was published while this was read may be in the page or not, and nobody has told the client of it.
        let isAll = page.messages.count < RoomLog.pageSize && (newest[room] == heard || last >= newest[room] ?? last)
        rooms[client, in: room] = isAll ? .listening(since: last) : .reading(after: last)
        let missed = page.isIncomplete ? [ServerMessage(type: .missed, room: room).encoded()] : []
        return (missed + page.messages.map { told($0, in: room) }, isAll)
    }
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
