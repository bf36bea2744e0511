import NIOCore
import NIOWebSocket
import Testing

@testable import shop_gateway

@Suite struct RoomsTests {
    private let ann = ClientID(number: 1)
    private let ben = ClientID(number: 2)

    @Test func theFirstOpensARoomAndTheLastClosesIt() {
        var rooms = Rooms()
        #expect(rooms.join(ann, "a") == .opened)
        #expect(rooms.join(ann, "a") == .none)
        #expect(rooms.join(ben, "a") == .membership)
        #expect(rooms.members(of: "a") == [ann, ben])
        #expect(rooms.leave(ann, "a") == .membership)
        #expect(rooms.leave(ann, "a") == .none)
        #expect(rooms.leave(ben, "a") == .closed)
        #expect(rooms.members(of: "a").isEmpty)
    }

    @Test func whoGoesLeavesEveryRoom() {
        var rooms = Rooms()
        for room in ["c", "a", "b"] { _ = rooms.join(ann, room) }
        _ = rooms.join(ben, "b")
        #expect(rooms.leaveAll(ann) == ["a", "c"])
        #expect(rooms.members(of: "b") == [ben])
        #expect(rooms.leaveAll(ann) == [])
    }

    @Test func roomsPerClientAreBounded() {
        var rooms = Rooms()
        for number in 0..<Rooms.perClient {
            let change = rooms.join(ann, "\(number)")
            #expect(change == .opened)
        }
        #expect(rooms.join(ann, "more") == .refused)
        #expect(rooms.members(of: "more").isEmpty)
        _ = rooms.leave(ann, "0")
        #expect(rooms.join(ann, "more") == .opened)
    }

    @Test func whoReadsIsNotToldWhatIsPublishedAndWhoListensIsToldOnce() throws {
        let (first, second) = (try #require(StreamID("1-0")), try #require(StreamID("2-0")))
        var rooms = Rooms()
        for client in [ann, ben] { _ = rooms.join(client, "a") }
        #expect(rooms.hear(first, in: "a") == [])
        rooms[ann, in: "a"] = .listening(since: .start)
        rooms[ben, in: "a"] = .reading(after: .start)
        #expect(rooms.hear(first, in: "a") == [ann])
        #expect(rooms[ann, in: "a"] == .listening(since: first))
        #expect(rooms[ben, in: "a"] == .reading(after: .start))
        rooms[ben, in: "a"] = .listening(since: first)
        let told = rooms.hear(second, in: "a")
        #expect(Set(told) == [ann, ben])
    }

    @Test func whoHasMissedSomethingReadsFromWhereItStands() throws {
        let place = try #require(StreamID("1-7"))
        var rooms = Rooms()
        for client in [ann, ben] { _ = rooms.join(client, "a") }
        rooms[ann, in: "a"] = .listening(since: place)
        let readers = rooms.missEverything()
        #expect(readers.map(\.client) == [ann], "who is about to join has missed nothing")
        #expect(rooms[ann, in: "a"] == .reading(after: place))
        rooms[ClientID(number: 3), in: "a"] = .joining
        #expect(rooms.members(of: "a") == [ann, ben], "a standing makes no member")
    }

    @Test(arguments: [("lobby", true), ("A.b_c-9", true), ("", false), ("a b", false), ("ä", false), ("a\n", false)])
    func namesAreChecked(name: String, isName: Bool) {
        #expect(Rooms.isName(name) == isName)
    }
}

@Suite struct OutboxTests {
    @Test func whatWaitsIsSentBeforeTheGoodbye() async {
        let outbox = Outbox()
        outbox.send(.text("one"))
        outbox.close(.goingAway, "bye")
        #expect(outbox.send(.text("late")) == .closed)
        var entries: [Outbox.Entry] = []
        for await entry in outbox.entries { entries.append(entry) }
        #expect(entries == [.text("one"), .close(.goingAway, "bye")])
    }

    @Test func aClientThatDoesNotKeepUpIsFound() {
        let outbox = Outbox()
        for _ in 0..<Outbox.capacity { #expect(outbox.send(.ping) == .queued) }
        #expect(outbox.send(.ping) == .full)
    }
}

@Suite struct RoomLogTests {
    @Test(arguments: ["", "1", "1-", "-1", "1-2-3", "a-1", "1-+", "18446744073709551616-0"])
    func whatIsNoPlaceIsNone(text: String) {
        #expect(StreamID(text) == nil)
    }

    @Test func placesAreOrderedByTimeThenByNumber() throws {
        let places = try ["9-10", "10-2", "10-11"].map { try #require(StreamID($0)) }
        #expect(places == places.shuffled().sorted())
        #expect(places.map(\.description) == ["9-10", "10-2", "10-11"])
        #expect(StreamID.start < places[0])
    }

    @Test func aPublishedMessageKeepsItsSpaces() throws {
        let id = try #require(StreamID("5-1"))
        let told = RoomLog.told("5-1 7-1  two  words ", on: "room:a")
        #expect(told?.room == "a")
        #expect(told?.message == RoomLog.Message(id: id, client: "7-1", text: " two  words "))
        #expect(RoomLog.told("5-1 7-1 x", on: "elsewhere") == nil)
        #expect(RoomLog.told("nonsense", on: "room:a") == nil)
    }

    @Test func entriesOfAStreamAreMessages() throws {
        let fields: [RESPValue] = [.string("client"), .string("7-1"), .string("text"), .string("hi")]
        let id = try #require(StreamID("5-1"))
        let answer = RESPValue.array([.array([.string("5-1"), .array(fields)])])
        #expect(try RoomLog.messages(in: answer) == [.init(id: id, client: "7-1", text: "hi")])
        for broken in [.null, .array([.null]), .array([.array([.string("x"), .array(fields)])])] as [RESPValue] {
            #expect(throws: RedisBus.Fault.self) { try RoomLog.messages(in: broken) }
        }
    }
}

@Suite struct RESPTests {
    private func decode(_ text: String) throws -> RESPValue? {
        var decoder = RESPDecoder()
        var buffer = ByteBuffer(string: text)
        let value = try decoder.decode(buffer: &buffer)
        // What is incomplete must be left as it was, for when the rest comes.
        if value == nil { #expect(buffer.readableBytes == text.utf8.count) }
        return value
    }

    @Test(
        arguments: [
            ("+OK\r\n", .string("OK")), (":-5\r\n", .integer(-5)), ("_\r\n", .null), ("$-1\r\n", .null),
            ("$4\r\na\r\nb\r\n", .string("a\r\nb")), ("-ERR no\r\n", .error("ERR no")),
            ("%1\r\n+a\r\n:1\r\n", .array([.string("a"), .integer(1)])), ("*0\r\n", .array([])),
            (
                ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n",
                .push([.string("message"), .string("c"), .string("hi")])
            ),
        ] as [(String, RESPValue)])
    func valuesAreReadWholeAndNotBefore(text: String, value: RESPValue) throws {
        #expect(try decode(text) == value)
        for length in 0..<text.utf8.count {
            #expect(try decode(String(decoding: text.utf8.prefix(length), as: UTF8.self)) == nil)
        }
    }

    @Test(arguments: ["?\r\n", "$x\r\n", "$99999999999\r\n", "*-7\r\n", String(repeating: "*1\r\n", count: 20)])
    func whatIsNoValueIsAnError(text: String) {
        #expect(throws: RESPDecoder.Fault.self) { try decode(text) }
    }

    @Test func aCommandIsAnArrayOfBulkStrings() {
        var buffer = ByteBuffer()
        buffer.writeCommand(["PUBLISH", "é", ""])
        #expect(String(buffer: buffer) == "*3\r\n$7\r\nPUBLISH\r\n$2\r\né\r\n$0\r\n\r\n")
    }
}
