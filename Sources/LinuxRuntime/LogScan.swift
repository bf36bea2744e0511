import Glibc

/// Which lines somebody wants of those that are kept.
struct LogFilter: Sendable {
    var since: WallTime?
    /// Not this one any more.
    var until: WallTime?
    var pattern: LogPattern?

    func lets(_ record: RawLogRecord) -> Bool {
        if let since, record.time < since { return false }
        if let until, record.time >= until { return false }
        // Nobody is to take lines that are missing for lines that do not match.
        guard let pattern, record.stream != .gap else { return true }
        return record.withPlainText(pattern.matches)
    }

    /// Whether it lets everything through.
    var isOpen: Bool { since == nil && until == nil && pattern == nil }
}

/// Reads what is kept of one replica's log, oldest line first, up to the line that was the last when it was asked for.
final class LogScan {
    enum Start: Sendable {
        case beginning
        /// The line after this number.
        case after(UInt64)
        /// So many of the last lines that the filter lets through.
        case last(Int)
    }

    private enum Source {
        case archive(UInt64)
        case present
        /// What a ring has kept.
        case memory([UInt8])
    }

    let owner: LogOwner
    /// The next line; nil at the end.
    private(set) var head: LogRecord?
    /// How many lines after the start are not kept any more.
    private(set) var missing: UInt64 = 0

    private let path: String
    private let filter: LogFilter
    private let last: UInt64
    private let pieceSize: Int
    /// Oldest first; the ones before `next` are done.
    private var sources: [Source] = []
    private var next = 0
    private var present: Descriptor?
    private var reader: LogFileReader?
    /// Lines that the filter lets through and that are before the start.
    private var skipped = 0
    private var seen: UInt64 = 0

    /// Of files, whose present one is at `path`, and whose archives have these numbers; then of what a ring has kept.
    init(
        _ owner: LogOwner, path: String, archives: [UInt64], present: consuming Descriptor?, ring: [UInt8],
        last: UInt64, filter: LogFilter, pieceSize: Int
    ) {
        self.owner = owner
        self.path = path
        self.filter = filter
        self.last = last
        self.pieceSize = pieceSize
        self.present = consume present
        sources = archives.map { .archive($0) }
        if self.present != nil { sources.append(.present) }
        if !ring.isEmpty { sources.append(.memory(ring)) }
    }

    /// Goes to where it begins. To be called once, and first.
    func begin(at start: Start) {
        switch start {
        case .beginning: skipOutdated()
        case .after(let number) where number <= last: begin(after: number)
        // A number that was never given out is of another life of the log: all that is known comes after it.
        case .after: break
        case .last(let count): begin(atLast: count)
        }
        advance()
        if case .after(let number) = start, number <= last, let head, head.stream != .gap, head.number > number + 1,
            filter.isOpen
        {
            missing = head.number - number - 1
        }
    }

    // MARK: Where to begin

    private func begin(after number: UInt64) {
        seen = number
        // Where the file after it begins no later, a file has no line of interest.
        while next + 1 < sources.count, case .archive(let first) = sources[next + 1], first <= number + 1 { next += 1 }
    }

    /// Leaves out files that were last written before the time of interest.
    private func skipOutdated() {
        guard let since = filter.since else { return }
        while next < sources.count, case .archive(let number) = sources[next] {
            var status = stat()
            let name = LogFileName.archive(of: path, number)
            guard stat(name, &status) == 0 || stat(name + LogFileName.compressed, &status) == 0,
                Int64(status.st_mtim.tv_sec) + 1 < since.nanoseconds / 1_000_000_000
            else { return }
            next += 1
        }
    }

    private func begin(atLast count: Int) {
        var wanted = count
        var index = sources.count
        while wanted > 0, index > 0 {
            index -= 1
            let (found, offset) = countBackward(sources[index], wanted)
            if found >= wanted {
                next = index
                // Of a compressed file all were counted, because it can be read in one direction only.
                if let offset { openNext(at: offset) } else { skipped = found - wanted }
                return
            }
            wanted -= found
        }
        if count == 0 { next = sources.count }
    }

    /// How many lines of a source are let through, `wanted` at the most where it can be read from its end; and then where
    /// the first of them begins.
    private func countBackward(_ source: Source, _ wanted: Int) -> (Int, offset: Int?) {
        switch source {
        case .present:
            if let file = present?.number { return countLines(of: file, wanted) }
        case .archive(let number):
            if let file = try? Descriptor.open(LogFileName.archive(of: path, number), flags: O_RDONLY) {
                return countLines(of: file.number, wanted)
            }
        case .memory: break
        }
        var found = 0
        let reader = makeReader(of: source, at: 0)
        while let line = reader?.next() {
            if let record = RawLogRecord(parsing: line), record.number <= last, filter.lets(record) { found += 1 }
        }
        return (found, nil)
    }

    private func countLines(of file: Int32, _ wanted: Int) -> (Int, offset: Int?) {
        var found = 0
        var first: Int?
        LogTail.forEachLine(of: file) { line, offset in
            guard let record = RawLogRecord(parsing: line), record.number <= last, filter.lets(record) else {
                return true
            }
            found += 1
            first = offset
            return found < wanted
        }
        return (found, first)
    }

    // MARK: Forward

    /// Goes on to the next line.
    func advance() {
        while let line = nextLine() {
            // A file that was rotated away or compressed meanwhile may be read twice.
            guard let record = RawLogRecord(parsing: line), record.number > seen else { continue }
            guard record.number <= last else { break }
            seen = record.number
            guard filter.lets(record) else { continue }
            if skipped > 0 {
                skipped -= 1
                continue
            }
            head = record.record(of: owner)
            return
        }
        (head, reader, next) = (nil, nil, sources.count)
        present = nil
    }

    private func nextLine() -> UnsafeRawBufferPointer? {
        if let line = reader?.next() { return line }
        while next < sources.count {
            openNext(at: 0)
            if let line = reader?.next() { return line }
        }
        return nil
    }

    private func openNext(at offset: Int) {
        reader = makeReader(of: sources[next], at: offset)
        next += 1
    }

    private func makeReader(of source: Source, at offset: Int) -> LogFileReader? {
        switch source {
        case .archive(let number):
            let name = LogFileName.archive(of: path, number)
            return LogFileReader(path: name, offset: offset, pieceSize: pieceSize)
                ?? LogFileReader(path: name + LogFileName.compressed, pieceSize: pieceSize)
        case .present:
            guard let file = present.take() else { return nil }
            lseek(file.number, off_t(offset), SEEK_SET)
            return LogFileReader(file, pieceSize: pieceSize)
        case .memory(let bytes): return LogFileReader(bytes)
        }
    }
}
