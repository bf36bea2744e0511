import NIOCore

/// A value of Redis' wire protocol, version 3, as far as the gateway meets it.
///
/// Source: the Redis serialization protocol specification.
enum RESPValue: Equatable, Sendable {
    case null
    case integer(Int)
    /// A simple or a bulk string.
    case string(String)
    case error(String)
    /// An array, a set, or a map with its keys and values in turn.
    case array([RESPValue])
    /// What the server sends of its own accord: a published message, or the answer to a subscription.
    case push([RESPValue])

    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}

/// Reads values from the stream.
struct RESPDecoder: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = RESPValue

    enum Fault: Error {
        case malformed
        case tooLarge
    }

    /// The longest string and the longest list that are believed: what a stranger on Redis' port may claim is not.
    static let longest = 8 << 20
    static let deepest = 8

    mutating func decode(buffer: inout ByteBuffer) throws -> RESPValue? {
        var attempt = buffer
        guard let value = try Self.value(from: &attempt, depth: 0) else { return nil }
        buffer = attempt
        return value
    }

    mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> RESPValue? {
        try decode(buffer: &buffer)
    }

    private static func value(from buffer: inout ByteBuffer, depth: Int) throws -> RESPValue? {
        guard depth < deepest else { throw Fault.tooLarge }
        guard let kind = buffer.readInteger(as: UInt8.self) else { return nil }
        guard let line = try line(from: &buffer) else { return nil }
        switch kind {
        case UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: "("):
            return .string(line)
        case UInt8(ascii: "-"):
            return .error(line)
        case UInt8(ascii: ":"):
            return .integer(try number(line))
        case UInt8(ascii: "#"):
            return .integer(line == "t" ? 1 : 0)
        case UInt8(ascii: "_"):
            return .null
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            let length = try number(line)
            guard length >= 0 else { return .null }
            guard length <= longest else { throw Fault.tooLarge }
            guard let text = buffer.readString(length: length), buffer.readSlice(length: 2) != nil else { return nil }
            return kind == UInt8(ascii: "!") ? .error(text) : .string(text)
        case UInt8(ascii: "*"), UInt8(ascii: "~"):
            return try list(from: &buffer, count: try number(line), depth: depth).map(RESPValue.array)
        case UInt8(ascii: "%"):
            return try list(from: &buffer, count: try number(line) * 2, depth: depth).map(RESPValue.array)
        case UInt8(ascii: ">"):
            return try list(from: &buffer, count: try number(line), depth: depth).map(RESPValue.push)
        default:
            throw Fault.malformed
        }
    }

    private static func list(from buffer: inout ByteBuffer, count: Int, depth: Int) throws -> [RESPValue]? {
        guard (0...longest).contains(count) else { throw Fault.tooLarge }
        var values: [RESPValue] = []
        for _ in 0..<count {
            guard let next = try value(from: &buffer, depth: depth + 1) else { return nil }
            values.append(next)
        }
        return values
    }

    private static func line(from buffer: inout ByteBuffer) throws -> String? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\r")) else {
            guard buffer.readableBytes < 64 << 10 else { throw Fault.tooLarge }
            return nil
        }
        let text = buffer.readString(length: end - buffer.readerIndex)
        guard buffer.readableBytes >= 2 else { return nil }
        buffer.moveReaderIndex(forwardBy: 2)
        return text
    }

    private static func number(_ text: String) throws -> Int {
        guard let number = Int(text), abs(number) <= longest || text.count < 19 else { throw Fault.malformed }
        return number
    }
}

extension ByteBuffer {
    /// Appends a command: an array of bulk strings.
    mutating func writeCommand(_ words: [String]) {
        writeString("*\(words.count)\r\n")
        for word in words {
            writeString("$\(word.utf8.count)\r\n\(word)\r\n")
        }
    }
}
