import Testing

@testable import LinuxRuntime

/// A response as a whole: what a parser made of it, however it was cut.
private struct Parsed: Equatable {
    var head: HTTPResponseHead?
    var body: [UInt8] = []
    var hasEnded = false
    var failure: String?
}

private func parse(_ pieces: [[UInt8]]) -> Parsed {
    var parser = HTTPResponseParser()
    var parsed = Parsed()
    func take(_ events: [HTTPResponseParser.Event]) {
        for event in events {
            switch event {
            case .head(let head):
                #expect(parsed.head == nil)
                parsed.head = head
            case .body(let bytes): parsed.body += bytes
            case .end:
                #expect(!parsed.hasEnded)
                parsed.hasEnded = true
            }
        }
    }
    do throws(ProbeFailure) {
        for piece in pieces { take(try parser.feed(piece)) }
        take(try parser.finish())
    } catch {
        parsed.failure = error.words
    }
    return parsed
}

/// Parses a text whole, in every pair of halves, and byte by byte; all must agree.
private func parse(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> Parsed {
    let bytes = Array(text.utf8)
    let whole = parse([bytes])
    for cut in bytes.indices {
        #expect(parse([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, sourceLocation: sourceLocation)
    }
    #expect(parse(bytes.map { [$0] }) == whole, sourceLocation: sourceLocation)
    return whole
}

@Suite struct HTTPResponseParserTests {
    @Test func readsABodyOfKnownLength() {
        let parsed = parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhellomore")
        #expect(parsed.head?.status == 200)
        #expect(parsed.head?["x-a"] == "b")
        #expect(parsed.body == Array("hello".utf8))
        #expect(parsed.hasEnded)
        #expect(parsed.failure == nil)
    }

    @Test func readsChunks() {
        let parsed = parse(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;x=y\r\nhello\r\n6 \r\n world\r\n0\r\nT: 1\r\n\r\n"
        )
        #expect(parsed.body == Array("hello world".utf8))
        #expect(parsed.hasEnded)
    }

    @Test func readsUntilTheEndOfTheConnection() {
        let parsed = parse("HTTP/1.0 200\n\nhello")
        #expect(parsed.body == Array("hello".utf8))
        #expect(parsed.hasEnded)
    }

    @Test(arguments: ["204 No Content", "304 Not Modified"]) func knowsStatusesWithoutBody(status: String) {
        let parsed = parse("HTTP/1.1 \(status)\r\nContent-Length: 5\r\n\r\nhello")
        #expect(parsed.body.isEmpty)
        #expect(parsed.hasEnded)
    }

    @Test func skipsInterimResponses() {
        let parsed = parse("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n")
        #expect(parsed.head == HTTPResponseHead(status: 404, fields: [.init(name: "content-length", value: "0")]))
        #expect(parsed.hasEnded)
    }

    @Test(
        arguments: [
            ("", "the connection was closed without a response"),
            ("HTT", "the connection was closed in the middle of the response"),
            ("HTTP/1.1 200 OK\r\nA: b\r\n", "the connection was closed in the middle of the response"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                "the connection was closed in the middle of the response"
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                "the connection was closed in the middle of the response"
            ),
            ("HTTP/2 200 OK\r\n\r\n", nil), ("SSH-2.0-OpenSSH_9.2\r\n", nil), ("\u{15}\u{3}\u{1}", nil),
            ("HTTP/1.1 20 OK\r\n\r\n", "not an HTTP/1 response: HTTP/1.1 20 OK"),
            ("HTTP/1.1 2000\r\n\r\n", "not an HTTP/1 response: HTTP/1.1 2000"),
            ("HTTP/1.1 099 X\r\n\r\n", "not an HTTP/1 response: HTTP/1.1 099 X"),
            ("HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", "malformed header field: folded: x"),
            ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed header field: no colon"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", nil),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed Content-Length: -1"),
            ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "malformed Content-Length: +1"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", nil),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "malformed chunked body"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "malformed chunked body"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n", "malformed chunked body"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "malformed chunked body"),
        ] as [(String, String?)])
    func refuses(text: String, words: String?) {
        let failure = parse([Array(text.utf8)]).failure
        #expect(failure != nil)
        if let words { #expect(failure == words) }
        #expect(parse(text.utf8.map { [$0] }).failure != nil)
    }

    @Test func boundsTheHead() {
        var parser = HTTPResponseParser()
        var fed = 0
        let error = #expect(throws: ProbeFailure.self) {
            _ = try parser.feed("HTTP/1.1 200 OK\r\n".utf8)
            for _ in 0..<100_000 {
                _ = try parser.feed("X-Long: value\r\n".utf8)
                fed += 15
            }
        }
        #expect(fed < 2 * HTTPResponseParser.headLimit)
        #expect(error?.words == "the response's header is longer than 32 KiB")
    }

    @Test func boundsInterimResponsesAndTrailers() {
        var interim = HTTPResponseParser()
        #expect(throws: ProbeFailure.self) {
            for _ in 0..<10_000 { _ = try interim.feed("HTTP/1.1 100 Continue\r\n\r\n".utf8) }
        }
        var trailers = HTTPResponseParser()
        #expect(throws: ProbeFailure.self) {
            _ = try trailers.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n".utf8)
            for _ in 0..<10_000 { _ = try trailers.feed("A: b\r\n".utf8) }
        }
        var size = HTTPResponseParser()
        #expect(throws: ProbeFailure.self) {
            _ = try size.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
            for _ in 0..<10_000 { _ = try size.feed("1;".utf8) }
        }
    }

    /// Whatever arrives, the parser ends, and how it was cut makes no difference.
    @Test func survivesMutations() {
        var random = SeededGenerator(seed: 1)
        let samples = [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 500 Oops\r\nA: b\r\n\r\nbody",
        ].map { Array($0.utf8) }
        for _ in 0..<5_000 {
            let bytes = samples.randomElement(using: &random).map { random.mutate($0) } ?? []
            let whole = parse([bytes])
            let pieces = random.cut(bytes)
            let cut = parse(pieces)
            // Where the text is refused depends on what of it was there to be refused; whether it is does not.
            #expect((cut.failure == nil) == (whole.failure == nil))
            if whole.failure == nil { #expect(cut == whole) }
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// A few bytes changed, taken out, put in or repeated.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let position = Int.random(in: bytes.indices, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: bytes[position] = UInt8.random(in: .min ... .max, using: &self)
            case 1: bytes.remove(at: position)
            case 2: bytes.insert(UInt8.random(in: .min ... .max, using: &self), at: position)
            default: bytes.insert(contentsOf: bytes[position...].prefix(8), at: position)
            }
        }
        return bytes
    }

    mutating func cut(_ bytes: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...max(1, min(20, rest.count)), using: &self)
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }
}
