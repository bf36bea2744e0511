/// One client's connection, for as long as it lasts.
struct ClientID: Hashable, Sendable {
    let number: UInt64
}

/// Who is in which room.
struct Rooms {
    /// The most rooms that one client may be in.
    static let perClient = 32

    /// What a change means for the subscriptions.
    enum Change: Equatable {
        /// Nothing has changed.
        case none
        /// The client joined or left; others remain.
        case membership
        /// The room has its first member.
        case opened
        /// The room has lost its last member.
        case closed
        /// The client is in as many rooms as it may be.
        case refused
    }

    private var members: [String: Set<ClientID>] = [:]
    private var rooms: [ClientID: Set<String>] = [:]

    /// Who is in a room.
    func members(of room: String) -> Set<ClientID> {
        members[room] ?? []
    }

    func contains(_ client: ClientID, in room: String) -> Bool {
        rooms[client]?.contains(room) ?? false
    }

    mutating func join(_ client: ClientID, _ room: String) -> Change {
        guard !contains(client, in: room) else { return .none }
        guard rooms[client, default: []].count < Self.perClient else { return .refused }
        rooms[client, default: []].insert(room)
        members[room, default: []].insert(client)
        return members[room]?.count == 1 ? .opened : .membership
    }

    mutating func leave(_ client: ClientID, _ room: String) -> Change {
        guard rooms[client]?.remove(room) != nil else { return .none }
        if rooms[client]?.isEmpty == true { rooms[client] = nil }
        members[room]?.remove(client)
        guard members[room]?.isEmpty == true else { return .membership }
        members[room] = nil
        return .closed
    }

    /// Takes a client out of all its rooms, and returns those that have lost their last member.
    mutating func leaveAll(_ client: ClientID) -> [String] {
        (rooms[client] ?? []).sorted().filter { leave(client, $0) == .closed }
    }

    /// A room's name: 1 to 64 letters, digits, dots, underscores and hyphens of ASCII.
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
