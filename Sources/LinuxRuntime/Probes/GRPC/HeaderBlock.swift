/// Decodes the header fields of an HTTP/2 response (HPACK, RFC 7541), for a client that has forbidden the server to use
/// a dynamic table. Fields that a server takes from its static table, except `:status`, come without name and value:
/// nothing here asks for them.
enum HeaderBlock {
    struct Field: Hashable {
        var name: String
        var value: String
    }

    static func decode(_ bytes: [UInt8]) throws(ProbeFailure) -> [Field] {
        var reader = Reader(bytes: bytes[...])
        var fields: [Field] = []
        while let first = reader.bytes.first {
            switch first {
            case 0x80...: fields.append(statusField(try reader.integer(prefix: 7)) ?? Field(name: "", value: ""))
            case 0x40...: fields.append(try reader.literal(prefix: 6))
            case 0x20...: _ = try reader.integer(prefix: 5)  // a new size of the table that is not used
            default: fields.append(try reader.literal(prefix: 4))
            }
        }
        return fields
    }

    /// A field without compression, which every server must accept.
    static func encode(_ name: String, _ value: String) -> [UInt8] {
        [0x00] + string(name) + string(value)
    }

    private static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        if bytes.count < 0x7F { return [UInt8(bytes.count)] + bytes }
        var length: [UInt8] = [0x7F]
        var rest = bytes.count - 0x7F
        while rest >= 0x80 {
            length.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }

    /// The entries of the static table for `:status`.
    private static func statusField(_ index: Int) -> Field? {
        let values = ["200", "204", "206", "304", "400", "404", "500"]
        return values.indices.contains(index - 8) ? Field(name: ":status", value: values[index - 8]) : nil
    }

    private struct Reader {
        var bytes: ArraySlice<UInt8>

        static let malformed = ProbeFailure("malformed HTTP/2 header block")

        mutating func byte() throws(ProbeFailure) -> UInt8 {
            guard let byte = bytes.popFirst() else { throw Self.malformed }
            return byte
        }

        mutating func integer(prefix: Int) throws(ProbeFailure) -> Int {
            let mask = (1 << prefix) - 1
            var value = Int(try byte()) & mask
            if value < mask { return value }
            for shift in stride(from: 0, through: 21, by: 7) {
                let next = try byte()
                value += Int(next & 0x7F) << shift
                if next < 0x80 { return value }
            }
            throw Self.malformed
        }

        mutating func literal(prefix: Int) throws(ProbeFailure) -> Field {
            let index = try integer(prefix: prefix)
            let name = index == 0 ? try string() : statusField(index)?.name ?? ""
            return Field(name: name, value: try string())
        }

        mutating func string() throws(ProbeFailure) -> String {
            let isCompressed = (bytes.first ?? 0) >= 0x80
            let count = try integer(prefix: 7)
            guard count <= bytes.count else { throw Self.malformed }
            let text = bytes.prefix(count)
            bytes = bytes.dropFirst(count)
            return String(decoding: isCompressed ? try HuffmanCode.decode(text) : Array(text), as: UTF8.self)
        }
    }
}

/// HPACK's Huffman code (RFC 7541, appendix B). It is canonical, so the lengths say it all.
enum HuffmanCode {
    private static let lengths: [UInt8] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28,
        28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6,
        6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
        7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6,
        6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22,
        20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23,
        22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22,
        23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
        19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22,
        25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
    ]

    private static let longest = 30
    /// The symbols in the order of their codes.
    private static let symbols = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    /// How many codes there are of each length.
    private static let counts = (0...longest).map { length in lengths.count { $0 == length } }

    static func decode(_ bytes: some Sequence<UInt8>) throws(ProbeFailure) -> [UInt8] {
        let malformed = ProbeFailure("malformed HTTP/2 header block")
        var text: [UInt8] = []
        // Of the code that is being read: its bits, their number, the first code of that length, and the position of
        // that code's symbol.
        var (code, length, first, position) = (0, 0, 0, 0)
        for byte in bytes {
            for bit in stride(from: 7, through: 0, by: -1) {
                code = code << 1 | Int(byte >> bit & 1)
                length += 1
                first <<= 1
                guard length <= longest else { throw malformed }
                if code - first < counts[length] {
                    let symbol = symbols[position + code - first]
                    guard let character = UInt8(exactly: symbol) else { throw malformed }  // the end-of-string code
                    text.append(character)
                    (code, length, first, position) = (0, 0, 0, 0)
                } else {
                    first += counts[length]
                    position += counts[length]
                }
            }
        }
        // What remains is padding: fewer than eight bits, all ones.
        guard length < 8, code == (1 << length) - 1 else { throw malformed }
        return text
    }
}
