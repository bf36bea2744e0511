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
