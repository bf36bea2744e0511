import Glibc

/// A log file that is rotated by size: PATH, then PATH.1 (the youngest) to PATH.N.
final class LogFile {
    /// How large a file may grow and how many old ones are kept.
    struct Rotation: Hashable, Sendable {
        /// Bytes; a file may exceed it by one batch.
        var limit: Int
        /// Old files besides the present one.
        var keep: Int
    }

    let path: String
    private let rotation: Rotation
    private var file: Descriptor?
    private var size = 0
    /// The size at which it is rotated; moved up after a rotation that failed, so that not each write tries again.
    private var rotateAt: Int
    /// Whether the last record has no end, from a crash or a full disk.
    private var isTorn = false

    /// Names a file; it is opened at the first write.
    init(path: String, rotation: Rotation) {
        self.path = path
        self.rotation = rotation
        rotateAt = rotation.limit
    }

    /// What a write came to.
    struct Outcome {
        /// How many bytes were kept: always whole records.
        var kept: Int
        /// Why not all.
        var error: SystemError?
        /// Why the file could not be rotated, which is not fatal.
        var rotationError: SystemError?
    }

    /// Appends whole records, by one write where the file system takes it. What it takes only in part is cut back to
    /// the last record that is whole.
    func append(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        var outcome = Outcome(kept: 0)
        do throws(SystemError) {
            try openIfNeeded()
            if size > 0, size + bytes.count > rotateAt { outcome.rotationError = rotate() }
            if isTorn { try endTornRecord() }
            try write(bytes, &outcome.kept)
        } catch {
            outcome.error = error
        }
        return outcome
    }

    private func write(_ bytes: UnsafeRawBufferPointer, _ kept: inout Int) throws(SystemError) {
        guard let number = file?.number else { return }
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = Glibc.write(number, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = count == 0 ? SystemError(errno: ENOSPC, operation: "write \(path)") : .last("write \(path)")
                kept = (bytes[..<written].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
                isTorn = kept < written && ftruncate(number, off_t(size + kept)) != 0
                size += isTorn ? written : kept
                throw error
            }
            written += count
        }
        kept = written
        size += written
    }

    private func endTornRecord() throws(SystemError) {
        guard let number = file?.number else { return }
        if Glibc.write(number, "\n", 1) != 1 { throw SystemError.last("write \(path)") }
        size += 1
        isTorn = false
    }

    private func openIfNeeded() throws(SystemError) {
        guard file == nil else { return }
        let opened = try Descriptor.open(path, flags: O_RDWR | O_APPEND | O_CREAT, mode: 0o640)
        size = max(0, Int(lseek(opened.number, 0, SEEK_END)))
        var last: UInt8 = 0
        isTorn = size > 0 && pread(opened.number, &last, 1, off_t(size - 1)) == 1 && last != UInt8(ascii: "\n")
        file = consume opened
    }

    /// Moves each file one place on and begins a new one; on failure the present one grows on.
    private func rotate() -> SystemError? {
        do throws(SystemError) {
            for index in stride(from: rotation.keep - 1, through: 1, by: -1) {
                if rename(name(index), name(index + 1)) != 0, errno != ENOENT {
                    throw SystemError.last("rename \(name(index))")
                }
            }
            if rotation.keep > 0 {
                try checkLibc(rename(path, name(1)), "rename \(path)")
            } else {
                try checkLibc(unlink(path), "unlink \(path)")
            }
            let old = file.take()
            do throws(SystemError) {
                try openIfNeeded()
            } catch {
                file = old
                throw error
            }
            rotateAt = rotation.limit
            return nil
        } catch {
            rotateAt = size + rotation.limit
            return error
        }
    }

    private func name(_ index: Int) -> String { "\(path).\(index)" }

    // MARK: Reading back

    /// The last records: at most `count`, from at most the last `limit` bytes of all files together.
    func tail(count: Int, limit: Int) -> LogTail {
        var reader = LogTailReader(count: count, limit: limit)
        var missing = 0
        for index in 0...max(0, rotation.keep) where reader.wantsMore && missing < 2 {
            let name = index == 0 ? path : name(index)
            guard let file = try? Descriptor.open(name, flags: O_RDONLY) else {
                // A rotation that was cut short leaves one gap in the row; after two there is nothing more.
                missing += 1
                continue
            }
            missing = 0
            reader.read(file)
        }
        return reader.tail
    }
}
