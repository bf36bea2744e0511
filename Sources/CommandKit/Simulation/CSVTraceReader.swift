/// Reads comma-separated values with a header line (RFC 4180; a line may end without a carriage return).
struct CSVTraceReader {
    private struct Field {
        var text: String
        var offset: Int
    }

    private let bytes: [UInt8]
    private var position: Int

    init(_ bytes: [UInt8], from start: Int = 0) {
        self.bytes = bytes
        position = start
    }

    mutating func forEachRecord(_ take: (TraceRecord) -> Void) throws(TraceFault) {
        guard let header = try nextLine() else {
            throw TraceFault(offset: 0, message: "the trace is empty", remedy: "it begins with a line of column names")
        }
        try check(header)
        while let line = try nextLine() {
            guard line.count == header.count else {
                throw TraceFault(
                    offset: line[min(line.count, header.count + 1) - 1].offset,
                    message: "the line has \(line.count) values and the header \(header.count) columns",
                    remedy: "what has no value is empty between its commas")
            }
            let cells = zip(header, line).map { name, field in
                TraceRecord.Cell(
                    name: name.text, nameOffset: name.offset, text: field.text.isEmpty ? nil : field.text,
                    offset: field.offset)
            }
            take(TraceRecord(offset: line[0].offset, cells: cells))
        }
    }

    private func check(_ header: [Field]) throws(TraceFault) {
        for field in header where field.text.isEmpty {
            throw TraceFault(offset: field.offset, message: "a column has no name", remedy: nil)
        }
        if let only = header.first, header.count == 1, only.text.contains(where: { $0 == ";" || $0 == "\t" }) {
            throw TraceFault(
                offset: only.offset, message: "the columns are not separated by commas",
                remedy: "write \"time,load\"")
        }
    }

    /// Nil at the end; lines without anything are passed over.
    private mutating func nextLine() throws(TraceFault) -> [Field]? {
        while position < bytes.count, CharacterClass.isSpace(bytes[position]) { position += 1 }
        guard position < bytes.count else { return nil }
        var fields = [try field()]
        while position < bytes.count, bytes[position] == UInt8(ascii: ",") {
            position += 1
            fields.append(try field())
        }
        return fields
    }

    /// Up to the comma or the line's end that follows, without the blanks around it.
    private mutating func field() throws(TraceFault) -> Field {
        skipBlanks()
        let start = position
        if position < bytes.count, bytes[position] == Self.quote { return try quotedField(from: start) }
        while position < bytes.count, !isEnd(bytes[position]) { position += 1 }
        let text = bytes[start..<position]
        let end = text.lastIndex { !CharacterClass.isSpace($0) }.map { $0 + 1 } ?? start
        return Field(text: String(decoding: bytes[start..<end], as: UTF8.self), offset: start)
    }

    private mutating func quotedField(from start: Int) throws(TraceFault) -> Field {
        var text: [UInt8] = []
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == Self.quote {
                // Two of them stand for one.
                guard position < bytes.count, bytes[position] == Self.quote else {
                    return try ended(Field(text: String(decoding: text, as: UTF8.self), offset: start))
                }
                position += 1
            }
            text.append(byte)
        }
        throw TraceFault(offset: start, message: "the quotation mark has no partner", remedy: nil)
    }

    private mutating func ended(_ field: Field) throws(TraceFault) -> Field {
        skipBlanks()
        guard position == bytes.count || isEnd(bytes[position]) else {
            throw TraceFault(
                offset: position, message: "something follows a value in quotation marks",
                remedy: "a quotation mark within a value is written twice")
        }
        return field
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 { position += 1 }
    }

    private func isEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    private static let quote = UInt8(ascii: "\"")
}
