import Glibc

/// Writes the files of all logs, on a thread of its own: the only one that a disk may keep waiting.
final class LogWriter {
    enum Message: Sendable {
        case open(channel: Int, LogOwner, LogPolicy, LogCounters)
        /// The pump wants to know the last numbers of what was opened since it was last told.
        case tellNumbers
        case change(channel: Int, LogPolicy)
        case batch(LogBatch)
        /// No more is to come for now.
        case close(channel: Int)
        case compressed(channel: Int, number: UInt64)
        /// Everything before this is written when it is called.
        case barrier(@Sendable () -> Void)
    }

    /// How many batches may be under way.
    static let batches = 8
    /// How often a log that lost lines is tried again when no more come.
    private static let retryPeriod = Duration.seconds(1)

    private final class Log {
        let owner: LogOwner
        let file: LogFile
        let counters: LogCounters
        /// What was lost since something was written last.
        var loss: LogLoss?
        /// Whether that was told.
        var isTold = false

        init(owner: LogOwner, file: LogFile, counters: LogCounters) {
            (self.owner, self.file, self.counters) = (owner, file, counters)
        }
    }

    private let loop: EventLoop
    private let directory: String
    private let pool: LogBatchPool
    private let pump: Mailbox<LogPump.Message>
    private let compressor: Mailbox<LogCompressor.Message>
    private let report: (LogReport) -> Void
    /// By the pump's places. A log that goes to the journal or nowhere has numbers, too.
    private var logs: [Int: Log] = [:]
    /// What there was when the first log was opened.
    private var listing: LogFileName.Listing?
    private var untold: [(channel: Int, last: UInt64)] = []
    private var isRetrying = false

    init(
        loop: EventLoop, directory: String, mailbox: Mailbox<Message>, pool: LogBatchPool,
        pump: Mailbox<LogPump.Message>, compressor: Mailbox<LogCompressor.Message>,
        report: @escaping (LogReport) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.directory = directory
        self.pool = pool
        self.pump = pump
        self.compressor = compressor
        self.report = report
        _ = try mailbox.deliver(on: loop) { [unowned self] messages in
            for message in messages { take(message) }
        }
    }

    private func take(_ message: Message) {
        switch message {
        case .open(let channel, let owner, let policy, let counters): open(channel, owner, policy, counters)
        case .tellNumbers:
            pump.post(.numbered(untold))
            untold = []
        case .change(let channel, let policy): change(channel, policy)
        case .batch(let batch):
            for segment in batch.segments { write(segment, of: batch) }
            pool.giveBack(batch)
        case .close(let channel):
            guard let log = logs[channel] else { return }
            if log.loss != nil { _ = writeGap(log) }
            log.file.close()
        case .compressed(let channel, let number): logs[channel]?.file.wasCompressed(number)
        case .barrier(let reached): reached()
        }
    }

    // MARK: Logs

    private func open(_ channel: Int, _ owner: LogOwner, _ policy: LogPolicy, _ counters: LogCounters) {
        let listing = existing()
        let file = LogFile(
            path: "\(directory)/\(owner.fileName)", policy: policy, archives: listing.archives[owner.fileName] ?? [])
        file.onRotated = { [unowned file, compressor] in
            compressor.post(.compress(path: file.path, number: $0, channel: channel))
        }
        logs[channel] = Log(owner: owner, file: file, counters: counters)
        file.removeOldest()
        if policy.compresses {
            for number in listing.uncompressed[owner.fileName] ?? [] { file.onRotated?(number) }
        }
        untold.append((channel, file.lastNumber()))
    }

    /// Read once: nobody else changes what is there.
    private func existing() -> LogFileName.Listing {
        if let listing { return listing }
        let listing = LogFileName.list(directory)
        for name in listing.unfinished { unlink("\(directory)/\(name)") }
        self.listing = listing
        return listing
    }

    private func change(_ channel: Int, _ policy: LogPolicy) {
        guard let log = logs[channel] else { return }
        log.file.policy = policy
        log.file.removeOldest()
        if policy.compresses {
            for number in log.file.archives { log.file.onRotated?(number) }
        }
    }

    // MARK: Writing

    private func write(_ segment: LogBatch.Segment, of batch: LogBatch) {
        guard let log = logs[segment.channel] else { return }
        if let loss = segment.loss {
            // The pump has counted and told it.
            log.isTold = true
            add(loss, to: log)
        }
        if let loss = log.loss, !writeGap(log) {
            retryLater()
            return lose(segment, of: log, loss.reason)
        }
        guard segment.lines > 0 else { return }
        let records = batch.bytes(of: segment)
        let outcome = log.file.append(records)
        if let error = outcome.rotationError { report(.trouble(log.owner, .notRotated(error))) }
        guard let error = outcome.error else { return }
        lose(segment, of: log, error.description, records: UnsafeRawBufferPointer(rebasing: records[outcome.kept...]))
    }

    private func lose(
        _ segment: LogBatch.Segment, of log: Log, _ reason: String, records: UnsafeRawBufferPointer? = nil
    ) {
        guard segment.lines > 0 else { return }
        var loss = LogLoss(lines: segment.lines, bytes: segment.payload, last: segment.last, reason: reason)
        if let records, records.count < segment.range.count {
            loss.lines = records.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
            // What a record of a part of them holds is not known any more; their share is.
            loss.bytes = segment.payload * records.count / segment.range.count
        }
        log.counters.addDropped(loss)
        add(loss, to: log)
        if !log.isTold {
            log.isTold = true
            report(.trouble(log.owner, .dropping(reason)))
        }
        retryLater()
    }

    private func add(_ loss: LogLoss, to log: Log) {
        if log.loss == nil { log.loss = loss } else { log.loss?.add(loss) }
    }

    private func writeGap(_ log: Log) -> Bool {
        guard let loss = log.loss else { return true }
        guard case .files(let format) = log.file.policy.destination else { return true }
        let record = LogHead.gap(loss, log.owner, format, time: .now)
        guard record.withUnsafeBytes({ log.file.append($0).error }) == nil else { return false }
        (log.loss, log.isTold) = (nil, false)
        report(.trouble(log.owner, .resumed(droppedLines: loss.lines, droppedBytes: loss.bytes)))
        return true
    }

    /// Also where no more output comes, the log says what is missing as soon as it can.
    private func retryLater() {
        guard !isRetrying else { return }
        isRetrying = true
        loop.schedule(after: Self.retryPeriod) { [unowned self] in
            isRetrying = false
            for log in logs.values where log.loss != nil {
                if !writeGap(log) { retryLater() }
            }
        }
    }
}
