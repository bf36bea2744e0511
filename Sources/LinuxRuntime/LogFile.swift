import Glibc

/// One replica's files: PATH, which is written, and those that were rotated away, each of the name PATH.NUMBER with the
/// number of its first line in twelve digits, so that their names' order is their lines' order and never changes.
/// Compressed ones end in ".gz".
final class LogFile {
    /// What appending came to.
    struct Outcome {
        /// How many bytes were kept: always whole records.
        var kept = 0
        /// Why not all.
        var error: SystemError?
        /// Why the file could not be rotated, which is not fatal.
        var rotationError: SystemError?
    }

    let path: String
    var policy: LogPolicy {
        didSet { rotateAt = policy.maximumSize }
    }
    /// Called with the number of a file that was rotated away.
    var onRotated: ((UInt64) -> Void)?
    /// The numbers of the files that were rotated away, oldest first.
    private(set) var archives: [UInt64]

    private var file: Descriptor?
    private var size = 0
    /// The size at which it is rotated; moved up after a rotation that failed, so that not each write tries again.
    private var rotateAt: Int
    /// The first record of the file; nil where it is empty, or has none that can be read.
    private var first: (number: UInt64, time: WallTime, format: LogFormat)?
    /// Whether the last record has no end, from a crash or a full disk.
    private var isTorn = false

    /// Names a file, which is opened at the first write, and those that were rotated away before, oldest first.
    init(path: String, policy: LogPolicy, archives: [UInt64] = []) {
        self.path = path
        self.policy = policy
        self.archives = archives
        rotateAt = policy.maximumSize
    }

    /// Appends whole records. What a full disk takes only in part is cut back to the last record that is whole.
    func append(_ records: UnsafeRawBufferPointer, now: WallTime = .now) -> Outcome {
        var outcome = Outcome()
        do throws(SystemError) {
            while outcome.kept < records.count {
                try openIfNeeded()
                let rest = UnsafeRawBufferPointer(rebasing: records[outcome.kept...])
                let piece = fitting(rest, now)
                if piece.isEmpty {
                    outcome.rotationError = rotate(before: rest)
                } else {
                    try write(piece, &outcome.kept)
                }
            }
        } catch {
            outcome.error = error
        }
        return outcome
    }

    /// Closes the file, until there is more to write.
    func close() {
        file = nil
        (size, first, isTorn) = (0, nil, false)
    }

    // MARK: Writing

    /// As many of the records as the file may take; none where it is to be rotated first.
    private func fitting(_ records: UnsafeRawBufferPointer, _ now: WallTime) -> UnsafeRawBufferPointer {
        guard size > 0 else { return prefix(of: records, within: max(rotateAt, 1), atLeastOne: true) }
        if isOutdated(now) { return UnsafeRawBufferPointer(rebasing: records[..<0]) }
        return prefix(of: records, within: rotateAt - size, atLeastOne: false)
    }

    private func prefix(
        of records: UnsafeRawBufferPointer, within room: Int, atLeastOne: Bool
    ) -> UnsafeRawBufferPointer {
        guard records.count > room else { return records }
        let newline = UInt8(ascii: "\n")
        var end = records[..<max(0, room)].lastIndex(of: newline)
        if end == nil, atLeastOne { end = records.firstIndex(of: newline) }
        return UnsafeRawBufferPointer(rebasing: records[..<(end.map { $0 + 1 } ?? 0)])
    }

    /// Its first line is too old, or its lines are of another form.
    private func isOutdated(_ now: WallTime) -> Bool {
        guard let first, rotateAt == policy.maximumSize else { return false }
        if case .files(let format) = policy.destination, format != first.format { return true }
        guard let maximumAge = policy.maximumAge else { return false }
        // What the file says may be of any year: it is not to be subtracted.
        return first.time.nanoseconds <= now.nanoseconds - maximumAge.wholeNanoseconds
    }

    private func write(_ records: UnsafeRawBufferPointer, _ kept: inout Int) throws(SystemError) {
        guard let number = file?.number else { return }
        if isTorn { try endTornRecord(number) }
        if first == nil { first = Self.first(in: records) }
        var written = 0
        while written < records.count {
            let rest = UnsafeRawBufferPointer(rebasing: records[written...])
            let count = Glibc.write(number, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = count == 0 ? SystemError(errno: ENOSPC, operation: "write \(path)") : .last("write \(path)")
                let whole = (records[..<written].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
                isTorn = whole < written && ftruncate(number, off_t(size + whole)) != 0
                size += isTorn ? written : whole
                kept += whole
                if size == 0 { first = nil }
                throw error
            }
            written += count
        }
        kept += written
        size += written
    }

    private func endTornRecord(_ number: Int32) throws(SystemError) {
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
        first = size > 0 ? Self.first(of: opened) : nil
        file = consume opened
    }

    private static func first(of file: borrowing Descriptor) -> (UInt64, WallTime, LogFormat)? {
        var bytes = [UInt8](repeating: 0, count: LogBatch.capacity)
        let count = bytes.withUnsafeMutableBytes { pread(file.number, $0.baseAddress, $0.count, 0) }
        return bytes.withUnsafeBytes { first(in: UnsafeRawBufferPointer(rebasing: $0.prefix(max(0, count)))) }
    }

    /// The first line that is a record.
    private static func first(in lines: UnsafeRawBufferPointer) -> (UInt64, WallTime, LogFormat)? {
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            if let record = RawLogRecord(parsing: UnsafeRawBufferPointer(rebasing: line)) {
                return (record.number, record.time, record.format)
            }
        }
        return nil
    }

    // MARK: Rotation

    /// Gives the file the name that it keeps; on failure it grows on.
    private func rotate(before records: UnsafeRawBufferPointer) -> SystemError? {
        // A file without a record is what a crash has left; its name only has to be before those of what follows.
        let number = first?.number ?? max(1, Self.first(in: records)?.0 ?? 1) - 1
        do throws(SystemError) {
            try moveAway(number)
        } catch {
            // Any record fits then, also one that is longer than a file should be.
            rotateAt = size + min(max(policy.maximumSize, LogBatch.capacity), .max - size)
            return error
        }
        close()
        rotateAt = policy.maximumSize
        return nil
    }

    private func moveAway(_ number: UInt64) throws(SystemError) {
        // Where somebody took it away, all that is to be done is to begin a new one.
        if policy.maximumFiles <= 1 {
            if unlink(path) != 0, errno != ENOENT { throw SystemError.last("unlink \(path)") }
            return
        }
        let name = name(number)
        // Nothing is ever overwritten; who takes away a file that should not be there can have it rotated.
        guard access(name, F_OK) != 0 else { throw SystemError(errno: EEXIST, operation: "rename \(path) to \(name)") }
        if rename(path, name) != 0 {
            if errno == ENOENT { return }
            throw SystemError.last("rename \(path)")
        }
        archives.append(number)
        removeOldest()
        if policy.compresses { onRotated?(number) }
    }

    /// Removes the oldest files that are too many.
    func removeOldest() {
        while archives.count > max(0, policy.maximumFiles - 1) {
            let name = name(archives.removeFirst())
            unlink(name)
            unlink(name + LogFileName.compressed)
        }
    }

    /// A file was compressed; where it had been removed meanwhile, so is what it has become.
    func wasCompressed(_ number: UInt64) {
        if !archives.contains(number) { unlink(name(number) + LogFileName.compressed) }
    }

    private func name(_ number: UInt64) -> String { LogFileName.archive(of: path, number) }

    // MARK: Numbers

    /// The number of the last record of all files; 0 where there is none.
    func lastNumber() -> UInt64 {
        if let last = LogTail.lastNumber(of: path) { return last }
        for number in archives.reversed() {
            for name in [name(number), name(number) + LogFileName.compressed] {
                if let last = LogTail.lastNumber(of: name) { return last }
            }
        }
        return 0
    }
}
