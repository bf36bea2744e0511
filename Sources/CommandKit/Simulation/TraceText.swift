import StackFile

/// The bytes of a trace, in which a fault is told by its place.
struct TraceText: Sendable {
    let file: String
    let bytes: [UInt8]

    /// More than a month of seconds has.
    static let sizeLimit = 64 << 20

    func diagnostic(_ fault: TraceFault) -> Diagnostic {
        let before = bytes[..<min(fault.offset, bytes.count)]
        let start = before.lastIndex(of: Self.newline).map { $0 + 1 } ?? 0
        let line = bytes[start...].prefix { $0 != Self.newline && $0 != UInt8(ascii: "\r") }
        let location = SourceLocation(
            file: file, line: 1 + before.count { $0 == Self.newline },
            column: 1 + String(decoding: before[start...], as: UTF8.self).unicodeScalars.count)
        return Diagnostic(
            at: location, fault.message, remedy: fault.remedy, sourceLine: String(decoding: line, as: UTF8.self))
    }

    private static let newline = UInt8(ascii: "\n")

    /// Each row of the trace, as it is written: JSON where it begins as JSON does, else CSV.
    func forEachRecord(_ take: (TraceRecord) -> Void) throws(TraceFault) {
        // What some programs begin UTF-8 with.
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let first = bytes[start...].first { !CharacterClass.isSpace($0) }
        if first == UInt8(ascii: "[") || first == UInt8(ascii: "{") {
            var reader = JSONTraceReader(bytes, from: start)
            try reader.forEachRecord(take)
        } else {
            var reader = CSVTraceReader(bytes, from: start)
            try reader.forEachRecord(take)
        }
    }
}

/// What is wrong at a place of a trace.
struct TraceFault: Error, Hashable {
    /// In bytes from the beginning.
    var offset: Int
    var message: String
    var remedy: String?
}

/// One row of a trace, as it is written.
struct TraceRecord: Hashable {
    struct Cell: Hashable {
        var name: String
        /// Where the name stands.
        var nameOffset: Int
        /// Nil where there is no value.
        var text: String?
        var offset: Int
    }

    var offset: Int
    var cells: [Cell]
}

enum CharacterClass {
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }
}
