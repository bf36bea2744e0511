/// What is said in the rooms, as Redis keeps it: a stream for each room, and a channel of the same name that tells of
/// each message as it is appended.
struct RoomLog: Sendable {
    /// How many messages of a room are kept, about: Redis drops them a node at a time.
    static let kept = 1000
    /// How many messages are read at a time.
    static let pageSize = 100
    /// Seconds until a room in which nobody says anything is forgotten.
    static let roomLifetime = 86_400
    /// Seconds in which a message that is sent again under its key is known.
    static let keyLifetime = 600

    /// A message that was said.
    struct Message: Equatable, Sendable {
        let id: StreamID
        let client: String
        let text: String
    }

    /// Some of a room's messages.
    struct Page: Equatable, Sendable {
        var messages: [Message]
        /// There may have been others before them, which are not kept any more.
        var isIncomplete: Bool
    }

    /// A message is appended and published in one step, and one whose key is known is neither: its place is returned.
    private static let appendScript = """
        local known = KEYS[2] and redis.call('GET', KEYS[2])
        if known then return known end
        local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'client', ARGV[1], 'text', ARGV[2])
        redis.call('EXPIRE', KEYS[1], ARGV[4])
        if KEYS[2] then redis.call('SET', KEYS[2], id, 'EX', ARGV[5]) end
        redis.call('PUBLISH', KEYS[1], id .. ' ' .. ARGV[1] .. ' ' .. ARGV[2])
        return id
        """

    let bus: RedisBus

    /// Appends a message, once for each key, and tells all replicas; returns when it is in Redis.
    func append(_ text: String, to room: String, from client: String, key: String?) async throws -> StreamID {
        let stream = Self.stream(room)
        let keys = [stream] + (key.map { ["\(stream):\($0)"] } ?? [])
        let answer = try await bus.command(
            ["EVAL", Self.appendScript, "\(keys.count)"] + keys
                + [client, text, "\(Self.kept)", "\(Self.roomLifetime)", "\(Self.keyLifetime)"])
        guard let id = answer.string.flatMap({ StreamID($0) }) else { throw Self.misunderstood }
        return id
    }

    /// The place of a room's newest message.
    func newest(in room: String) async throws -> StreamID {
        let answer = try await bus.command(["XREVRANGE", Self.stream(room), "+", "-", "COUNT", "1"])
        return try Self.messages(in: answer).last?.id ?? .start
    }

    /// The first messages of a room after a place; fewer than ``pageSize`` where it has no more.
    func page(of room: String, after place: StreamID) async throws -> Page {
        // With the one at that place: if it is there, all after it are.
        let answer = try await bus.command(
            ["XRANGE", Self.stream(room), "\(place)", "+", "COUNT", "\(Self.pageSize + 1)"])
        let messages = try Self.messages(in: answer)
        guard messages.first?.id == place else {
            return Page(messages: Array(messages.prefix(Self.pageSize)), isIncomplete: place != .start)
        }
        return Page(messages: Array(messages.dropFirst()), isIncomplete: false)
    }

    /// The name of a room's stream and channel.
    static func stream(_ room: String) -> String { prefix + room }

    /// The room and the message that a channel has told of; nil where it is none of ours.
    static func told(_ text: String, on channel: String) -> (room: String, message: Message)? {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard channel.hasPrefix(prefix), parts.count == 3, let id = StreamID(parts[0]) else { return nil }
        return (
            String(channel.dropFirst(prefix.count)), Message(id: id, client: String(parts[1]), text: String(parts[2]))
        )
    }

    /// The messages in an answer to XRANGE, whose entries are `[ID, [client, NAME, text, TEXT]]`.
    static func messages(in answer: RESPValue) throws(RedisBus.Fault) -> [Message] {
        guard case .array(let entries) = answer else { throw misunderstood }
        var messages: [Message] = []
        for entry in entries {
            guard case .array(let parts) = entry, parts.count == 2, let id = parts[0].string.flatMap({ StreamID($0) }),
                case .array(let fields) = parts[1], fields.count == 4, let client = fields[1].string,
                let text = fields[3].string
            else { throw misunderstood }
            messages.append(Message(id: id, client: client, text: text))
        }
        return messages
    }

    private static let prefix = "room:"
    private static let misunderstood = RedisBus.Fault(description: "Redis answered something unexpected")
}
