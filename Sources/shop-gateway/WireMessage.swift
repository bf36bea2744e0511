import FoundationEssentials

/// What a client says, as JSON: `{"type": "join", "room": ROOM}`, `leave`, or `message` with a `text`.
struct ClientMessage: Decodable, Equatable {
    enum Kind: String, Decodable {
        case join, leave, message
    }

    var type: Kind
    var room: String
    var text: String?

    init?(parsing text: String) {
        guard let message = try? JSONDecoder().decode(ClientMessage.self, from: Data(text.utf8)) else { return nil }
        self = message
    }
}

/// What a client is told, as JSON.
struct ServerMessage: Encodable {
    enum Kind: String, Encodable {
        case welcome, joined, left, message, error
    }

    var type: Kind
    var room: String?
    /// Who sent a message; in a welcome, the client's own name.
    var client: String?
    var text: String?

    /// The message as JSON, its keys sorted.
    func encoded() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings always encode.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
