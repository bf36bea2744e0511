import FoundationEssentials

/// What a client says, as JSON: `{"type": "join", "room": ROOM}`, `leave`, or `message` with a `text`.
struct ClientMessage: Decodable, Equatable {
    enum Kind: String, Decodable {
        case join, leave, message
    }

    var type: Kind
    var room: String
    var text: String?
    /// Of a join: the last message of the room that the client has; it is told those after it first.
    var after: StreamID?
    /// Of a message: the sender's own name for it. It is acknowledged then, and sent twice it is said once.
    var key: String?

    init?(parsing text: String) {
        guard let message = try? JSONDecoder().decode(ClientMessage.self, from: Data(text.utf8)) else { return nil }
        self = message
    }
}

/// What a client is told, as JSON.
struct ServerMessage: Encodable {
    enum Kind: String, Encodable {
        case welcome, joined, left, message, error
        /// A message was accepted: it is in Redis, under that `id`.
        case accepted
        /// Messages of the room may be missing here: they are not kept any more.
        case missed
    }

    var type: Kind
    var room: String?
    /// Who sent a message; in a welcome, the client's own name.
    var client: String?
    var text: String?
    /// The place in the room's stream: of a message, or from which on a client that has joined is told them.
    var id: StreamID?
    /// The sender's own name for the message that this is about.
    var key: String?

    /// The message as JSON, its keys sorted.
    func encoded() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings always encode.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
