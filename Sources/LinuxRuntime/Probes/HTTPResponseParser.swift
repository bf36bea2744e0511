/// The start of an HTTP response.
struct HTTPResponseHead: Hashable {
    struct Field: Hashable {
        /// In lower case.
        var name: String
        var value: String
    }

    var status: Int
    var fields: [Field] = []

    /// The value of the first field of that name, which is given in lower case.
    subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// The media type without its parameters, in lower case.
    var mediaType: String {
        let type = self["content-type"]?.prefix { $0 != ";" && $0 != " " } ?? ""
        return type.lowercased()
    }
}

/// Reads one HTTP/1.1 response from pieces of any size (RFC 9112), and never keeps more than one line of it.
///
/// The caller sends one request a connection, with `Connection: close`, so whatever follows the response is ignored.
struct HTTPResponseParser {
    enum Event: Hashable {
        case head(HTTPResponseHead)
        case body(ArraySlice<UInt8>)
        /// The response is complete; nothing follows.
        case end
    }

    /// The bytes of all lines together: status line, header fields, those of interim responses, trailers.
    static let headLimit = 32 << 10
    /// The bytes of the line before a chunk.
    static let chunkLineLimit = 1 << 10

    private enum State {
        /// The status line is next.
        case statusLine
        /// A header field, or the empty line that ends the head.
        case fields(HTTPResponseHead)
        /// So much of a body of known length is missing.
        case sized(remaining: Int)
        /// The size of the next chunk is next.
        case chunkSize
        case chunk(remaining: Int)
        /// The line end after a chunk's data.
        case chunkEnd
        /// A trailer field, or the empty line that ends the response.
        case trailers
        /// The body ends with the connection.
        case untilClose
        case complete
    }

    private var state = State.statusLine
    private var line: [UInt8] = []
    private var headBytes = 0
    private var sawAnything = false

    /// Takes the next piece of the response in.
    mutating func feed(_ bytes: some Sequence<UInt8>) throws(ProbeFailure) -> [Event] {
        var events: [Event] = []
        var rest = ArraySlice(bytes)
        if !rest.isEmpty { sawAnything = true }
        while !rest.isEmpty {
            switch state {
            case .sized(let remaining):
                events.append(.body(take(remaining, from: &rest)))
                continueBody(after: remaining, events.last)
                if case .complete = state { events.append(.end) }
            case .chunk(let remaining):
                events.append(.body(take(remaining, from: &rest)))
                continueBody(after: remaining, events.last)
            case .untilClose:
                events.append(.body(rest))
                return events
            case .complete:
                return events
            case .statusLine, .fields, .chunkSize, .chunkEnd, .trailers:
                guard let line = try takeLine(from: &rest) else { return events }
                try process(line, &events)
            }
        }
        return events
    }

    /// The connection has ended, at which the body may end too.
    mutating func finish() throws(ProbeFailure) -> [Event] {
        switch state {
        case .complete:
            return []
        case .untilClose:
            state = .complete
            return [.end]
        case .statusLine where !sawAnything:
            throw ProbeFailure("the connection was closed without a response")
        case .statusLine, .fields, .sized, .chunkSize, .chunk, .chunkEnd, .trailers:
            throw ProbeFailure("the connection was closed in the middle of the response")
        }
    }

    // MARK: Bytes

    private func take(_ count: Int, from rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let piece = rest.prefix(count)
        rest = rest.dropFirst(count)
        return piece
    }

    private mutating func continueBody(after expected: Int, _ event: Event?) {
        guard case .body(let piece) = event else { return }
        let remaining = expected - piece.count
        switch state {
        case .sized: state = remaining == 0 ? .complete : .sized(remaining: remaining)
        case .chunk: state = remaining == 0 ? .chunkEnd : .chunk(remaining: remaining)
        case .statusLine, .fields, .chunkSize, .chunkEnd, .trailers, .untilClose, .complete: break
        }
    }

    /// The next whole line without its end; nil when more bytes must come first.
    private mutating func takeLine(from rest: inout ArraySlice<UInt8>) throws(ProbeFailure) -> [UInt8]? {
        let end = rest.firstIndex(of: 0x0A)
        let piece = rest[rest.startIndex..<(end ?? rest.endIndex)]
        try charge(piece.count + 1)
        line += piece
        if case .statusLine = state, !zip(line, Array("HTTP/1.".utf8)).allSatisfy({ $0 == $1 }) {
            throw ProbeFailure("not an HTTP/1 response: \(excerpt(of: line, limit: 60))")
        }
        rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
        guard end != nil else { return nil }
        defer { line.removeAll(keepingCapacity: true) }
        return line.last == 0x0D ? line.dropLast() : line
    }

    private mutating func charge(_ count: Int) throws(ProbeFailure) {
        switch state {
        case .chunkSize, .chunkEnd:
            guard line.count + count <= Self.chunkLineLimit else { throw ProbeFailure("malformed chunked body") }
        case .statusLine, .fields, .trailers, .sized, .chunk, .untilClose, .complete:
            headBytes += count
            guard headBytes <= Self.headLimit else {
                throw ProbeFailure("the response's header is longer than \(Self.headLimit >> 10) KiB")
            }
        }
    }

    // MARK: Lines

    private mutating func process(_ line: [UInt8], _ events: inout [Event]) throws(ProbeFailure) {
        switch state {
        case .statusLine:
            state = .fields(HTTPResponseHead(status: try Self.status(line)))
        case .fields(var head):
            if line.isEmpty {
                try endHead(head, &events)
            } else {
                head.fields.append(try Self.field(line))
                state = .fields(head)
            }
        case .chunkSize:
            let size = try Self.chunkSize(line)
            state = size == 0 ? .trailers : .chunk(remaining: size)
        case .chunkEnd:
            guard line.isEmpty else { throw ProbeFailure("malformed chunked body") }
            state = .chunkSize
        case .trailers:
            if line.isEmpty {
                state = .complete
                events.append(.end)
            }
        case .sized, .chunk, .untilClose, .complete:
            break  // not made of lines
        }
    }

    private mutating func endHead(_ head: HTTPResponseHead, _ events: inout [Event]) throws(ProbeFailure) {
        if head.status < 200, head.status != 101 {
            state = .statusLine  // an interim response; the real one follows
            return
        }
        events.append(.head(head))
        switch try Self.framing(of: head) {
        case .none, .length(0):
            state = .complete
            events.append(.end)
        case .length(let count): state = .sized(remaining: count)
        case .chunked: state = .chunkSize
        case .close: state = .untilClose
        }
    }

    private enum Framing {
        case none, chunked, close
        case length(Int)
    }

    /// How the body is delimited: RFC 9112, section 6.3.
    private static func framing(of head: HTTPResponseHead) throws(ProbeFailure) -> Framing {
        if head.status < 200 || head.status == 204 || head.status == 304 { return .none }
        if let coding = head.fields.last(where: { $0.name == "transfer-encoding" })?.value {
            let last = coding.split(separator: ",").last?.filter { $0 != " " && $0 != "\t" }
            return last?.lowercased() == "chunked" ? .chunked : .close
        }
        let lengths = Set(head.fields.filter { $0.name == "content-length" }.map(\.value))
        guard let length = lengths.first else { return .close }
        guard lengths.count == 1, let count = Int(length), count >= 0, length.utf8.allSatisfy(isDigit) else {
            throw ProbeFailure("malformed Content-Length: \(excerpt(of: length.utf8, limit: 40))")
        }
        return .length(count)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func status(_ line: [UInt8]) throws(ProbeFailure) -> Int {
        // HTTP/1.1 200 OK; the reason, and the space before it, may be missing.
        let digits = line.dropFirst(9).prefix(3)
        guard line.count >= 12, line[8] == 0x20, isDigit(line[7]), digits.allSatisfy(isDigit),
            line.count == 12 || line[12] == 0x20
        else { throw ProbeFailure("not an HTTP/1 response: \(excerpt(of: line, limit: 60))") }
        let status = digits.reduce(0) { 10 * $0 + Int($1 - 0x30) }
        guard status >= 100 else { throw ProbeFailure("not an HTTP/1 response: \(excerpt(of: line, limit: 60))") }
        return status
    }

    private static func field(_ line: [UInt8]) throws(ProbeFailure) -> HTTPResponseHead.Field {
        guard let colon = line.firstIndex(of: 0x3A), colon > 0, line[..<colon].allSatisfy(isTokenByte) else {
            throw ProbeFailure("malformed header field: \(excerpt(of: line, limit: 60))")
        }
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var value = line[(colon + 1)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        return HTTPResponseHead.Field(
            name: String(decoding: line[..<colon], as: UTF8.self).lowercased(),
            value: String(decoding: value, as: UTF8.self))
    }

    /// `tchar` of RFC 9110, section 5.6.2.
    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        default: false
        }
    }

    private static func chunkSize(_ line: [UInt8]) throws(ProbeFailure) -> Int {
        let digits = String(decoding: line.prefix { $0 != 0x3B && $0 != 0x20 && $0 != 0x09 }, as: UTF8.self)
        guard (1...15).contains(digits.utf8.count), digits.utf8.first != 0x2B, digits.utf8.first != 0x2D,
            let size = Int(digits, radix: 16)
        else { throw ProbeFailure("malformed chunked body") }
        return size
    }
}
