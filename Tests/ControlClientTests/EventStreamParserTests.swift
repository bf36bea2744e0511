@testable import ControlClient
import NIOCore
import Testing

@Suite struct EventStreamParserTests {
    private func parse(_ pieces: [String]) throws -> [[String?]] {
        var parser = EventStreamParser()
        return try pieces.flatMap { try parser.feed(ByteBuffer(string: $0)) }
            .map { [$0.id, $0.name, String(buffer: $0.data)] }
    }

    @Test func readsFields() throws {
        #expect(try parse(["id: 7\nevent: gap\ndata: {}\n\n"]) == [["7", "gap", "{}"]])
        #expect(try parse(["data:a\ndata: b\ndata:  c\ndata\n\n"]) == [[nil, nil, "a\nb\n c\n"]])
        #expect(try parse(["data: a\r\nid: 1\r\n\r\ndata: b\n\n"]) == [["1", nil, "a"], [nil, nil, "b"]])
    }

    @Test func passesOverWhatIsNoMessage() throws {
        #expect(
            try parse([": comment\n\n", "retry: 5\n\n", "id: 3\n\n", "\n\n", "unknown\n", "data: a\n\n"]) == [
                [nil, nil, "a"]
            ])
    }

    @Test func cutsMakeNoDifference() throws {
        let stream = "id: 1\ndata: héllo\n\n:\n\nevent: gap\ndata: {\"a\":1}\ndata: x\n\ndata: unfinished"
        let whole = try parse([stream])
        #expect(whole == [["1", nil, "héllo"], [nil, "gap", "{\"a\":1}\nx"]])
        let bytes = Array(stream.utf8)
        for cut in 1..<bytes.count {
            var parser = EventStreamParser()
            let messages = try [bytes[..<cut], bytes[cut...]].flatMap { try parser.feed(ByteBuffer(bytes: $0)) }
            #expect(messages.map { [$0.id, $0.name, String(buffer: $0.data)] } == whole)
        }
    }

    @Test func aLineWithoutEndIsNotKeptForEver() {
        var parser = EventStreamParser()
        let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 18)
        #expect(throws: EventStreamParser.LineTooLong.self) {
            for _ in 0..<5 { _ = try parser.feed(piece) }
        }
    }
}
