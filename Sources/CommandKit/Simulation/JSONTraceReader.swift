/// Reads an array of flat objects, or objects one after the other, such as one a line (RFC 8259).
///
/// Foundation's decoder would tell neither the place of a fault nor that of a value that makes no sense.
struct JSONTraceReader {
    private let bytes: [UInt8]
    private var position: Int

    init(_ bytes: [UInt8], from start: Int = 0) {
        self.bytes = bytes
        position = start
    }

    mutating func forEachRecord(_ take: (TraceRecord) -> Void) throws(TraceFault) {
        guard skip("[") else {
            while next != nil { take(try object()) }
            return
        }
        if !skip("]") {
            repeat { take(try object()) } while skip(",")
            try expect("]", "\",\" or \"]\"")
        }
        guard next == nil else { throw fault("something follows the array") }
    }

    private mutating func object() throws(TraceFault) -> TraceRecord {
        let start = nextOffset
        try expect("{", "an object such as {\"time\": 0, \"load\": 100}")
        var cells: [TraceRecord.Cell] = []
        guard !skip("}") else { return TraceRecord(offset: start, cells: []) }
        repeat {
            let nameOffset = nextOffset
            guard next == UInt8(ascii: "\"") else { throw fault("a name in quotation marks is missing here") }
            let name = try string()
            try expect(":", "\":\"")
            let offset = nextOffset
            cells.append(TraceRecord.Cell(name: name, nameOffset: nameOffset, text: try value(), offset: offset))
        } while skip(",")
        try expect("}", "\",\" or \"}\"")
        return TraceRecord(offset: start, cells: cells)
    }

    /// Nil for `null`.
    private mutating func value() throws(TraceFault) -> String? {
        switch next {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            throw fault("a value of a row is not a number, a text or null", "rows are flat objects")
        case nil: throw fault("the trace ends within a row")
        default: break  // A number or a word.
        }
        let start = position
        while position < bytes.count, Self.isOfWord(bytes[position]) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        guard word != "null" else { return nil }
        guard Double(word) != nil else {
            position = start
            throw fault("there is no number, text or null here")
        }
        return word
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        }
    }

    private mutating func string() throws(TraceFault) -> String {
        let start = position
        position += 1
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            guard bytes[position] >= 0x20 else { break }
            if bytes[position] == UInt8(ascii: "\\") {
                text += Array(try escaped().utf8)
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            throw TraceFault(offset: start, message: "the quotation mark has no partner on its line", remedy: nil)
        }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    private static let escapes: [UInt8: Unicode.Scalar] = [
        UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{8}",
        UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
    ]

    private mutating func escaped() throws(TraceFault) -> String {
        let start = position
        let kind = position + 1 < bytes.count ? bytes[position + 1] : 0
        position += 2
        if let scalar = Self.escapes[kind] { return String(scalar) }
        let digits = String(decoding: bytes[min(position, bytes.count)...].prefix(4), as: UTF8.self)
        guard kind == UInt8(ascii: "u"), digits.utf8.count == 4, let code = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(code)
        else {
            throw TraceFault(offset: start, message: "there is no such escape", remedy: "write the character itself")
        }
        position += 4
        return String(scalar)
    }

    // MARK: - Marks

    /// The next byte that is no space; nil at the end.
    private var next: UInt8? {
        mutating get {
            while position < bytes.count, CharacterClass.isSpace(bytes[position]) { position += 1 }
            return position < bytes.count ? bytes[position] : nil
        }
    }

    private var nextOffset: Int {
        mutating get {
            _ = next
            return position
        }
    }

    private mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard let byte = next, UInt32(byte) == mark.value else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ mark: Unicode.Scalar, _ words: String) throws(TraceFault) {
        guard skip(mark) else { throw fault("\(words) is missing here") }
    }

    private func fault(_ message: String, _ remedy: String? = nil) -> TraceFault {
        TraceFault(offset: position, message: message, remedy: remedy)
    }
}
