/// A JSON text as a value: what an MCP probe must understand of a server's answers.
///
/// A reader of its own, because what arrives comes from a service that may be broken or hostile, and this one bounds
/// depth and count before it allocates; FoundationEssentials bounds neither count nor memory, and would be this
/// floor's only use of it.
enum JSON: Hashable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    /// Of two members with one name, the later counts.
    case object([String: JSON])

    subscript(name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    var array: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The value of a number without fraction.
    var integer: Int? {
        guard case .number(let value) = self else { return nil }
        return Int(exactly: value)
    }
}

extension JSON {
    /// Reads a whole text (RFC 8259), which is UTF-8, nested at most 64 deep, and holds at most 100,000 values.
    init(parsing bytes: some Sequence<UInt8>) throws(ProbeFailure) {
        var reader = JSONReader(bytes: Array(bytes))
        self = try reader.document()
    }

    /// A string as a JSON text.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<"\u{10}": result += "\\u000" + String(scalar.value, radix: 16)
            case "\u{10}"..<"\u{20}": result += "\\u00" + String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0
    var depth = 0
    var count = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    static let depthLimit = 64
    static let countLimit = 100_000

    func failure(_ what: String) -> ProbeFailure { ProbeFailure("malformed JSON: \(what) at byte \(position)") }

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    /// Skips blanks and takes the byte if it is there.
    mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard next == byte else { return false }
        position += 1
        return true
    }

    mutating func document() throws(ProbeFailure) -> JSON {
        let value = try self.value()
        skipBlanks()
        guard position == bytes.count else { throw failure("text after the value") }
        return value
    }

    mutating func value() throws(ProbeFailure) -> JSON {
        skipBlanks()
        count += 1
        guard count <= Self.countLimit else { throw failure("more than \(Self.countLimit) values") }
        switch next {
        case 0x7B: return try nested { (reader) throws(ProbeFailure) in try reader.object() }
        case 0x5B: return try nested { (reader) throws(ProbeFailure) in try reader.array() }
        case 0x22: return .string(try string())
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6E: return try word("null", .null)
        case .some(0x2D), .some(0x30...0x39): return try number()
        case nil: throw failure("the text ends")
        default: throw failure("no value")
        }
    }

    mutating func nested(_ read: (inout JSONReader) throws(ProbeFailure) -> JSON) throws(ProbeFailure) -> JSON {
        guard depth < Self.depthLimit else { throw failure("nested more than \(Self.depthLimit) deep") }
        depth += 1
        defer { depth -= 1 }
        position += 1
        return try read(&self)
    }

    mutating func object() throws(ProbeFailure) -> JSON {
        var members: [String: JSON] = [:]
        if take(0x7D) { return .object(members) }
        repeat {
            skipBlanks()
            guard next == 0x22 else { throw failure("no member name") }
            let name = try string()
            guard take(0x3A) else { throw failure("no colon") }
            members[name] = try value()
        } while take(0x2C)
        guard take(0x7D) else { throw failure("an object without end") }
        return .object(members)
    }

    mutating func array() throws(ProbeFailure) -> JSON {
        var elements: [JSON] = []
        if take(0x5D) { return .array(elements) }
        repeat {
            elements.append(try value())
        } while take(0x2C)
        guard take(0x5D) else { throw failure("an array without end") }
        return .array(elements)
    }

    mutating func word(_ text: String, _ value: JSON) throws(ProbeFailure) -> JSON {
        guard bytes[position...].starts(with: text.utf8) else { throw failure("no value") }
        position += text.utf8.count
        return value
    }

    // MARK: Numbers

    mutating func number() throws(ProbeFailure) -> JSON {
        let start = position
        if next == 0x2D { position += 1 }
        if next == 0x30 { position += 1 } else { try digits() }
        if next == 0x2E {
            position += 1
            try digits()
        }
        if next == 0x65 || next == 0x45 {
            position += 1
            if next == 0x2B || next == 0x2D { position += 1 }
            try digits()
        }
        guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw failure("a malformed number")
        }
        return .number(value)
    }

    mutating func digits() throws(ProbeFailure) {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw failure("a malformed number") }
    }

    // MARK: Strings

    mutating func string() throws(ProbeFailure) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case 0x22:
                guard let string = String(validating: text, as: UTF8.self) else { throw failure("malformed UTF-8") }
                return string
            case 0x5C:
                try escape(into: &text)
            case 0x00..<0x20:
                throw failure("a control character in a string")
            default:
                text.append(byte)
            }
        }
        throw failure("a string without end")
    }

    mutating func escape(into text: inout [UInt8]) throws(ProbeFailure) {
        guard let byte = next else { throw failure("a string without end") }
        position += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: text.append(byte)
        case 0x62: text.append(0x08)
        case 0x66: text.append(0x0C)
        case 0x6E: text.append(0x0A)
        case 0x72: text.append(0x0D)
        case 0x74: text.append(0x09)
        case 0x75: text += try escapedScalar().utf8
        default: throw failure("an unknown escape")
        }
    }

    /// The character of a `\uXXXX`, or of two that are the halves of a surrogate pair.
    mutating func escapedScalar() throws(ProbeFailure) -> String {
        var value = try codeUnit()
        if (0xD800..<0xDC00).contains(value), bytes[position...].starts(with: [0x5C, 0x75]) {
            position += 2
            let low = try codeUnit()
            guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair") }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw failure("half a surrogate pair") }
        return String(Character(scalar))
    }

    mutating func codeUnit() throws(ProbeFailure) -> UInt32 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ $0 != 0x2B && $0 != 0x2D }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw failure("a malformed escape") }
        position += 4
        return value
    }
}
