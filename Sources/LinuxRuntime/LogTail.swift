import Glibc

/// Reads files of records from their ends, piece by piece, so that no more is read than asked for.
enum LogTail {
    private static let pieceSize = 64 << 10

    /// The number of the last record of a file, compressed or not; nil where it has none, or is not there.
    static func lastNumber(of path: String) -> UInt64? {
        if path.hasSuffix(LogFileName.compressed) {
            guard let reader = LogFileReader(path: path) else { return nil }
            var last: UInt64?
            while let line = reader.next() { last = RawLogRecord(parsing: line)?.number ?? last }
            return last
        }
        guard let file = try? Descriptor.open(path, flags: O_RDONLY) else { return nil }
        var last: UInt64?
        forEachLine(of: file.number) { line, _ in
            last = RawLogRecord(parsing: line)?.number
            return last == nil
        }
        return last
    }

    /// Calls `body` with each line of a file and where it begins, the last one first, until it returns false. What
    /// comes after the last newline is no line.
    static func forEachLine(of file: Int32, _ body: (UnsafeRawBufferPointer, _ offset: Int) -> Bool) {
        var unread = fileSize(file)
        // What was read and does not begin at a line's beginning, with the newline at its end.
        var rest: [UInt8] = []
        while unread > 0, rest.count <= LogBatch.capacity {
            let length = min(pieceSize, unread)
            let piece = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
                count = max(0, pread(file, buffer.baseAddress, length, off_t(unread - length)))
            }
            guard piece.count == length else { return }
            unread -= length
            rest = piece + rest
            guard let left = takeLines(of: rest, from: unread, body) else { return }
            rest.removeSubrange(left...)
        }
        if unread == 0, rest.last == UInt8(ascii: "\n") {
            _ = rest.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0.dropLast()), 0) }
        }
    }

    private static func fileSize(_ file: Int32) -> Int {
        var status = stat()
        return fstat(file, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Takes the lines that begin after a newline; returns how much is left before them, nil where no more is wanted.
    private static func takeLines(
        of bytes: [UInt8], from offset: Int, _ body: (UnsafeRawBufferPointer, Int) -> Bool
    ) -> Int? {
        bytes.withUnsafeBytes { bytes in
            let newline = UInt8(ascii: "\n")
            guard var end = bytes.lastIndex(of: newline) else { return bytes.count }
            while let before = bytes[..<end].lastIndex(of: newline) {
                let line = UnsafeRawBufferPointer(rebasing: bytes[(before + 1)..<end])
                guard body(line, offset + before + 1) else { return nil }
                end = before
            }
            return end + 1
        }
    }
}
