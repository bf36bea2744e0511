/// The text of every file that was read, for carets and for exact columns.
struct SourceTexts: Sendable {
    private var texts: [String: SourceText] = [:]

    subscript(file: String) -> SourceText? { texts[file] }

    mutating func add(_ text: SourceText) {
        texts[text.file] = text
    }

    /// The line that a location is in; nil where it is not known, or too long to be of use to anyone.
    func line(at location: SourceLocation) -> String? {
        texts[location.file]?.line(location.line)
    }
}

/// The text of one file: valid UTF-8 without control characters, lines numbered as libyaml numbers them.
struct SourceText: Sendable {
    let file: String
    let bytes: [UInt8]
    /// The offsets at which lines begin.
    private let lineStarts: [Int]
    /// Behind this there is only white space.
    private let contentEnd: Int

    /// - Throws: the fault of a file that is no text, at its place.
    init(file: String, bytes: [UInt8]) throws(Diagnostic) {
        self.file = file
        let start = SourceLocation(file: file, line: 1, column: 1)
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw Diagnostic(at: start, "the file is in UTF-16", remedy: "save it as UTF-8")
        }
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        self.bytes = bytes
        lineStarts = Self.lineStarts(of: bytes)
        contentEnd = bytes.lastIndex { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }.map { $0 + 1 } ?? 0
        if let offset = Self.firstInvalidOffset(in: bytes) {
            throw Diagnostic(at: location(atOffset: offset), "the file is not valid UTF-8", remedy: "save it as UTF-8")
        }
        if let offset = bytes.firstIndex(where: Self.isControl) {
            let name = bytes[offset] == 0 ? "a NUL byte" : "control character \(bytes[offset])"
            throw Diagnostic(at: location(atOffset: offset), "\(name) is not allowed in a file")
        }
    }

    private static func isControl(_ byte: UInt8) -> Bool {
        (byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D) || byte == 0x7F
    }

    private static func firstInvalidOffset(in bytes: [UInt8]) -> Int? {
        // The standard library validates whole buffers fast; only a file that fails is walked.
        if String(validating: bytes, as: UTF8.self) != nil { return nil }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) {
            offset += UTF8.width(scalar)
        }
        return offset
    }

    /// Line breaks are those of YAML 1.1: LF, CR, CRLF, NEL (C2 85), LS (E2 80 A8) and PS (E2 80 A9).
    private static func lineStarts(of bytes: [UInt8]) -> [Int] {
        var starts = [0]
        var index = 0
        while index < bytes.count {
            defer { index += 1 }
            switch bytes[index] {
            case 0x0A:
                starts.append(index + 1)
            case 0x0D where index + 1 == bytes.count || bytes[index + 1] != 0x0A:
                starts.append(index + 1)
            case 0x85 where index > 0 && bytes[index - 1] == 0xC2:
                starts.append(index + 1)
            case 0xA8, 0xA9:
                if index > 1, bytes[index - 1] == 0x80, bytes[index - 2] == 0xE2 { starts.append(index + 1) }
            default:
                break
            }
        }
        return starts
    }

    /// The place of a byte.
    func location(atOffset offset: Int) -> SourceLocation {
        var (low, high) = (0, lineStarts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        let before = bytes[lineStarts[low]..<min(offset, bytes.count)]
        return SourceLocation(file: file, line: low + 1, column: before.count(where: Self.beginsScalar) + 1)
    }

    /// The byte at a place, as near as the file has one.
    func offset(of location: SourceLocation) -> Int {
        guard lineStarts.indices.contains(location.line - 1) else { return bytes.count }
        var offset = lineStarts[location.line - 1]
        var column = 1
        while offset < bytes.count, column < location.column || !Self.beginsScalar(bytes[offset]) {
            if Self.beginsScalar(bytes[offset]) { column += 1 }
            offset += 1
        }
        return offset
    }

    /// A place as libyaml tells it: what it finds at the end of a file it may place in lines that there are not.
    func location(line: Int, column: Int) -> SourceLocation {
        guard line <= lineStarts.count, lineStarts[line - 1] < contentEnd else { return location(atOffset: contentEnd) }
        return SourceLocation(file: file, line: line, column: column)
    }

    /// Where the `$` number `ordinal` (from 0) of the value that begins at `start` stands in the file.
    ///
    /// A value and its notation have the same `$` in the same order, whatever quotes and folding do to the rest, but
    /// for one that is written as an escape (`\x24`) or stands in the comment of a block's header.
    func location(ofDollar ordinal: Int, from start: SourceLocation) -> SourceLocation {
        var remaining = ordinal
        for offset in offset(of: start)..<bytes.count where bytes[offset] == 0x24 {
            if remaining == 0 { return location(atOffset: offset) }
            remaining -= 1
        }
        return start
    }

    /// A line by its number from 1, without its break; nil where there is none, or where it is longer than 4 KiB.
    func line(_ number: Int) -> String? {
        guard lineStarts.indices.contains(number - 1) else { return nil }
        let end = number < lineStarts.count ? lineStarts[number] : bytes.count
        let line = bytes[lineStarts[number - 1]..<end]
        guard line.count <= 4096 else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        return String(text.prefix { !$0.isNewline })
    }

    /// Columns count code points, as libyaml does: every byte but those that continue one.
    private static func beginsScalar(_ byte: UInt8) -> Bool { byte & 0xC0 != 0x80 }
}
