import Glibc

/// What is asked for of the logs.
public struct LogRequest: Sendable {
    /// The services whose kept lines are read.
    public var services: Set<String>
    /// The services that are followed; all, also those that are still to come, where none is named.
    public var followed: Set<String>
    public var follow = false
    public var since: WallTime?
    /// Lines of before this time.
    public var until: WallTime?
    public var pattern: LogPattern?
    /// How many of the last lines of each replica; nil is all.
    public var tail: Int?
    /// Of these replicas the lines after these numbers, and not a tail.
    public var after: [LogOwner: UInt64] = [:]

    public init(services: Set<String>, followed: Set<String>) {
        self.services = services
        self.followed = followed
    }

    var filter: LogFilter { LogFilter(since: since, until: until, pattern: pattern) }
}

/// What an answer consists of.
public enum LogItem: Hashable, Sendable {
    case record(LogRecord)
    /// So many lines are not kept any more.
    case noLongerKept(UInt64)
    /// So many lines came while the client did not read.
    case tooSlow(UInt64)
}

/// Reads what is kept of several logs and merges it by time, page by page, on the thread of the archive.
actor LogMerge {
    /// What a page holds at the most, besides its last line: records, and bytes of text.
    private static let pageRecords = 500
    private static let pageBytes = 128 << 10
    /// What all the files that are read at one time may take in memory.
    private static let readBudget = 4 << 20

    private let loop: EventLoop
    private let directory: String
    private let request: LogRequest
    private let filter: LogFilter
    private var snapshot = LogSnapshot()
    /// By their next lines, the earliest last.
    private var scans: [LogScan] = []
    /// The number of the last line that was given out of each log, for the seam between what is kept and what follows.
    private var given: [LogOwner: UInt64] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    init(loop: EventLoop, directory: String, request: LogRequest) {
        self.loop = loop
        self.directory = directory
        self.request = request
        filter = request.filter
    }

    /// Finds the beginnings; returns what is missing there.
    func begin(_ snapshot: LogSnapshot) async -> [LogItem] {
        self.snapshot = snapshot
        var missing: [LogItem] = []
        for scan in makeScans() {
            scan.begin(at: start(of: scan.owner))
            if scan.missing > 0 { missing.append(.noLongerKept(scan.missing)) }
            insert(scan)
            // Others are served in between.
            await Task.yield()
        }
        return missing
    }

    private func start(of owner: LogOwner) -> LogScan.Start {
        if let number = request.after[owner] { return .after(number) }
        return request.tail.map { .last($0) } ?? .beginning
    }

    private func makeScans() -> [LogScan] {
        // The present files first: what is rotated away after that is an archive, too, and its lines are known by their
        // numbers; the other way round it would be seen as neither.
        let found = LogFileName.list(directory).logs + snapshot.numbers.keys.map(\.fileName)
        var present: [(LogOwner, Int32)] = []
        for owner in Set(found.compactMap { LogOwner(fileName: $0) }) where request.services.contains(owner.service) {
            var file = try? Descriptor.open("\(directory)/\(owner.fileName)", flags: O_RDONLY)
            present.append((owner, file.take()?.release() ?? -1))
        }
        let archives = LogFileName.list(directory).archives
        let pieceSize = max(4 << 10, min(64 << 10, Self.readBudget / max(1, present.count)))
        return present.map { owner, file in
            LogScan(
                owner, path: "\(directory)/\(owner.fileName)", archives: archives[owner.fileName] ?? [],
                present: file >= 0 ? Descriptor(owning: file) : nil, ring: snapshot.rings[owner] ?? [],
                last: snapshot.numbers[owner] ?? RawLogRecord.highestNumber, filter: filter, pieceSize: pieceSize)
        }
    }

    /// The next records by their times; nil at the end.
    func page() -> [LogItem]? {
        var items: [LogItem] = []
        var size = 0
        while items.count < Self.pageRecords, size < Self.pageBytes, let scan = scans.popLast() {
            guard let record = scan.head else { continue }
            items.append(.record(record))
            size += record.text.utf8.count
            given[record.owner] = record.number
            scan.advance()
            insert(scan)
        }
        return items.isEmpty ? nil : items
    }

    private func insert(_ scan: LogScan) {
        guard let head = scan.head else { return }
        var range = 0..<scans.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if let other = scans[middle].head, head.isBefore(other) {
                range = (middle + 1)..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        scans.insert(scan, at: range.lowerBound)
    }

    /// What has come since the logs were asked for.
    func items(of chunks: [LogFeed.Chunk]) -> [LogItem] {
        var items: [LogItem] = []
        for chunk in chunks {
            switch chunk {
            case .lost(let count): items.append(.tooSlow(UInt64(count)))
            case .records(let owner, let bytes):
                let last = max(given[owner] ?? 0, request.after[owner].flatMap { isOld($0, owner) ? nil : $0 } ?? 0)
                bytes.withUnsafeBytes { take($0, of: owner, after: last, into: &items) }
            }
        }
        return items
    }

    /// Whether a client's number is of another life of the log.
    private func isOld(_ number: UInt64, _ owner: LogOwner) -> Bool { number > snapshot.numbers[owner] ?? 0 }

    private func take(
        _ bytes: UnsafeRawBufferPointer, of owner: LogOwner, after last: UInt64, into items: inout [LogItem]
    ) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let record = RawLogRecord(parsing: UnsafeRawBufferPointer(rebasing: line)), record.number > last,
                filter.lets(record)
            else { continue }
            given[owner] = record.number
            items.append(.record(record.record(of: owner)))
        }
    }
}

extension LogRecord {
    /// By time; the order within a log is its own.
    fileprivate func isBefore(_ other: LogRecord) -> Bool {
        (time, owner, number) < (other.time, other.owner, other.number)
    }
}
