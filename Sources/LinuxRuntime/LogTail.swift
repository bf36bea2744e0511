import Glibc

/// The end of a log.
public struct LogTail: Sendable {
    /// Oldest first.
    public var records: [LogRecord]
    /// How many bytes were read for them.
    public var byteCount: Int
    /// Whether the limit of bytes was reached before the number of records, and before the log's beginning.
    public var isCut: Bool
}

/// Reads files from their ends, the youngest first and piece by piece, so that no more is read and parsed than asked for.
struct LogTailReader {
    private static let pieceSize = 64 * 1024

    private let count: Int
    private let limit: Int
    private var newestFirst: [LogRecord] = []
    private var byteCount = 0
    private var isCut = false

    init(count: Int, limit: Int) {
        self.count = count
        self.limit = limit
    }

    var wantsMore: Bool { newestFirst.count < count && !isCut }

    var tail: LogTail { LogTail(records: newestFirst.reversed(), byteCount: byteCount, isCut: isCut) }

    mutating func read(_ file: borrowing Descriptor) {
        var unread = max(0, Int(lseek(file.number, 0, SEEK_END)))
        // Read, but not known to begin at a line's beginning.
        var rest: [UInt8] = []
        while true {
            let end = takeWholeLines(of: rest)
            guard wantsMore else { return }
            guard unread > 0 else { return take(rest[..<end]) }
            let length = min(LogTailReader.pieceSize, unread, limit - byteCount)
            guard length > 0 else { return isCut = true }
            let piece = [UInt8](unsafeUninitializedCapacity: length) { buffer, got in
                got = max(0, pread(file.number, buffer.baseAddress, length, off_t(unread - length)))
            }
            guard piece.count == length else { return }
            rest = piece + rest[..<end]
            byteCount += length
            unread -= length
        }
    }

    /// Takes the lines that begin after a newline, the last one first; returns where the line before them ends.
    private mutating func takeWholeLines(of bytes: [UInt8]) -> Int {
        var end = bytes.count
        while wantsMore, let newline = bytes[..<end].lastIndex(of: UInt8(ascii: "\n")) {
            take(bytes[(newline + 1)..<end])
            end = newline
        }
        return end
    }

    private mutating func take(_ line: ArraySlice<UInt8>) {
        if let record = LogRecord(parsing: line) { newestFirst.append(record) }
    }
}
