/// Writes JSON straight into bytes, in the order in which it is told to.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    /// Whether something stands before the next key or value of the object or array that is being written.
    private var needsComma = false

    public init() {}

    public mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
        try enclosed("{", "}", members)
    }

    public mutating func array(_ elements: (inout JSONWriter) throws -> Void) rethrows {
        try enclosed("[", "]", elements)
    }

    /// The key of a member as it is written, for those that are written again and again.
    struct Key: Sendable {
        fileprivate let bytes: [UInt8]

        init(_ name: String) {
            var writer = JSONWriter()
            writer.key(name)
            bytes = writer.bytes
        }
    }

    /// The key of the member whose value is written next.
    public mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func key(_ key: Key) {
        beginValue()
        bytes.append(contentsOf: key.bytes)
        needsComma = false
    }

    public mutating func string(_ text: String) {
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { escape($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// A number, `true`, `false`, `null`, or JSON that was written before.
    public mutating func literal(_ text: some StringProtocol) {
        beginValue()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func enclosed(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) throws -> Void
    ) rethrows {
        beginValue()
        bytes.append(UInt8(ascii: open))
        needsComma = false
        try body(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func beginValue() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// RFC 8259, section 7: quotation marks, backslashes and control characters need an escape. Runs without them, as
    /// nearly all text is, are copied whole.
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for (index, byte) in text.enumerated()
        where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            bytes.append(contentsOf: text[start..<index])
            bytes.append(contentsOf: Self.escape(byte))
            start = index + 1
        }
        bytes.append(contentsOf: text[start...])
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case 0x08: Array(#"\b"#.utf8)
        case 0x09: Array(#"\t"#.utf8)
        case 0x0A: Array(#"\n"#.utf8)
        case 0x0C: Array(#"\f"#.utf8)
        case 0x0D: Array(#"\r"#.utf8)
        case 0x00..<0x20:
            Array(#"\u00"#.utf8) + [Array("0123456789abcdef".utf8)[Int(byte >> 4)]]
                + [Array("0123456789abcdef".utf8)[Int(byte & 15)]]
        default: [UInt8(ascii: "\\"), byte]
        }
    }
}
