/// One client's connection, for as long as it lasts.
struct ClientID: Hashable, Sendable {
    let number: UInt64
}

/// Who is in which room, and how far each has been told what is said there.
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

    /// How a member learns what is said.
    enum Standing: Equatable {
        /// Not yet: it is about to join; becomes `reading`.
        case joining
        /// From the room's stream, after this place; becomes `listening` when it has come to the end.
        case reading(after: StreamID)
        /// As it is published. This is the last that it was told; becomes `reading` when something may have been missed.
        case listening(since: StreamID)

        /// The last message that the member was told; nil before it has joined.
        var place: StreamID? {
            switch self {
            case .joining: nil
            case .reading(let place), .listening(let place): place
            }
        }
    }

    private var members: [String: [ClientID: Standing]] = [:]
    private var rooms: [ClientID: Set<String>] = [:]

    /// Who is in a room.
    func members(of room: String) -> Set<ClientID> {
        Set((members[room] ?? [:]).keys)
    }

    /// How a member of a room learns what is said; nil for those who are none.
    subscript(client: ClientID, in room: String) -> Standing? {
        get { members[room]?[client] }
        set {
            guard contains(client, in: room), let newValue else { return }
            members[room]?[client] = newValue
        }
    }

    func contains(_ client: ClientID, in room: String) -> Bool {
        rooms[client]?.contains(room) ?? false
    }

    mutating func join(_ client: ClientID, _ room: String) -> Change {
        guard !contains(client, in: room) else { return .none }
        guard rooms[client, default: []].count < Self.perClient else { return .refused }
        rooms[client, default: []].insert(room)
        members[room, default: [:]][client] = .joining
        return members[room]?.count == 1 ? .opened : .membership
    }

    mutating func leave(_ client: ClientID, _ room: String) -> Change {
        guard rooms[client]?.remove(room) != nil else { return .none }
        if rooms[client]?.isEmpty == true { rooms[client] = nil }
        members[room]?[client] = nil
        guard members[room]?.isEmpty == true else { return .membership }
        members[room] = nil
        return .closed
    }

    /// Takes a client out of all its rooms, and returns those that have lost their last member.
    mutating func leaveAll(_ client: ClientID) -> [String] {
        (rooms[client] ?? []).sorted().filter { leave(client, $0) == .closed }
    }

    /// A message is published: who listens is told it, and returned.
    mutating func hear(_ message: StreamID, in room: String) -> [ClientID] {
        let listeners = (members[room] ?? [:]).compactMap { client, standing in
            if case .listening = standing { client } else { nil }
        }
        for client in listeners { members[room]?[client] = .listening(since: message) }
        return listeners
    }

    /// Something may have been published that was not heard: everybody who has joined must read, and is returned.
    mutating func missEverything() -> [(client: ClientID, room: String)] {
        var readers: [(client: ClientID, room: String)] = []
        for (room, standings) in members {
            for (client, standing) in standings {
                guard let place = standing.place else { continue }
                members[room]?[client] = .reading(after: place)
                readers.append((client, room))
            }
        }
        return readers
    }

    /// A room's name, or a message's key: 1 to 64 letters, digits, dots, underscores and hyphens of ASCII.
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
