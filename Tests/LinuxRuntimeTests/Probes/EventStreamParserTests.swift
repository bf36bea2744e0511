import Testing

@testable import LinuxRuntime

private typealias Event = EventStreamParser.Event

@Suite struct EventStreamParserTests {
    /// Parses a text whole, in every pair of halves, and byte by byte; all must agree.
    private func parse(_ text: String) throws -> [Event] {
        let bytes = Array(text.utf8)
        func parse(_ pieces: [ArraySlice<UInt8>]) throws -> [Event] {
            var parser = EventStreamParser(limit: 1 << 16)
            return try pieces.flatMap { try parser.feed($0) }
        }
        let whole = try parse([bytes[...]])
        for cut in bytes.indices { #expect(try parse([bytes[..<cut], bytes[cut...]]) == whole) }
        #expect(try parse(bytes.map { [$0] }) == whole)
        return whole
    }

    @Test func readsEvents() throws {
        #expect(
            try parse("event: endpoint\ndata: /x\n\ndata: a\ndata: b\n\n") == [
                Event(name: "endpoint", data: "/x"), Event(data: "a\nb"),
            ])
    }

    @Test func knowsAllLineEnds() throws {
        #expect(
            try parse("data: 1\r\n\r\ndata: 2\r\rdata: 3\n\n") == [
                Event(data: "1"), Event(data: "2"), Event(data: "3"),
            ])
    }

    @Test func skipsWhatIsNoEvent() throws {
        #expect(
            try parse("\u{FEFF}: comment\nid: 7\nretry: 100\n\nevent: lonely\n\ndata\n\ndata: x\n") == [Event(data: "")]
        )
    }

    @Test func takesOneSpaceOff() throws {
        #expect(try parse("data:  x\ndata:y\n\n") == [Event(data: " x\ny")])
    }

    @Test func boundsAnEvent() {
        var parser = EventStreamParser(limit: 1 << 10)
        let error = #expect(throws: ProbeFailure.self) {
            for _ in 0..<1000 { _ = try parser.feed("data: 0123456789\n".utf8) }
        }
        #expect(error?.words == "a server-sent event is longer than 1 KiB")
    }
}
