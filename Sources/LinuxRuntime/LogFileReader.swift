import CZlib
import Glibc

/// Reads records from a file, compressed or not, from its beginning or from a line within it; or from memory.
final class LogFileReader {
    /// Nil where all there is was in memory.
    private let file: gzFile?
    private var memory: UnsafeMutableRawBufferPointer
    /// What was read and not given out.
    private var pending = 0..<0

    /// Takes over a descriptor. `pieceSize` is how much is read at a time, in bytes.
    init?(_ descriptor: consuming Descriptor, pieceSize: Int = 64 << 10) {
        let number = descriptor.release()
        // It reads what is not compressed as it is.
        guard let opened = gzdopen(number, "rb") else {
            Glibc.close(number)
            return nil
        }
        file = opened
        gzbuffer(opened, UInt32(pieceSize))
        memory = .allocate(byteCount: pieceSize, alignment: 16)
    }

    init(_ bytes: [UInt8]) {
        file = nil
        memory = .allocate(byteCount: bytes.count, alignment: 16)
        memory.copyBytes(from: bytes)
        pending = 0..<bytes.count
    }

    convenience init?(path: String, offset: Int = 0, pieceSize: Int = 64 << 10) {
        guard let opened = try? Descriptor.open(path, flags: O_RDONLY) else { return nil }
        if offset > 0 { lseek(opened.number, off_t(offset), SEEK_SET) }
        self.init(opened, pieceSize: pieceSize)
    }

    deinit {
        if let file { gzclose_r(file) }
        memory.deallocate()
    }

    /// The next line, without its newline and until the next call; nil at the end. What comes after the last newline is
    /// no line.
    func next() -> UnsafeRawBufferPointer? {
        var searched = 0
        while true {
            if let base = memory.baseAddress, pending.count > searched {
                let start = base + pending.lowerBound
                if let end = memchr(start + searched, Int32(UInt8(ascii: "\n")), pending.count - searched) {
                    let length = UnsafeRawPointer(end) - UnsafeRawPointer(start)
                    pending = (pending.lowerBound + length + 1)..<pending.upperBound
                    return UnsafeRawBufferPointer(start: start, count: length)
                }
            }
            searched = pending.count
            guard fill() else { return nil }
        }
    }

    private func fill() -> Bool {
        guard let file, let base = memory.baseAddress else { return false }
        if pending.lowerBound > 0 {
            memmove(base, base + pending.lowerBound, pending.count)
            pending = 0..<pending.count
        }
        if pending.count == memory.count, !enlarge() { return false }
        guard let start = memory.baseAddress else { return false }
        let count = gzread(file, start + pending.count, UInt32(memory.count - pending.count))
        guard count > 0 else { return false }
        pending = 0..<(pending.count + Int(count))
        return true
    }

    /// No record is longer than a batch: what is, is none.
    private func enlarge() -> Bool {
        guard memory.count < LogBatch.capacity else { return false }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: memory.count * 2, alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(memory))
        memory.deallocate()
        memory = larger
        return true
    }
}
