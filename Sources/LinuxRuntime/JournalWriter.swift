import CLibSystemd
import Glibc

/// Records for a destination that takes them one by one.
enum LogBatchOrder: Sendable {
    /// `logs` are the segments'.
    case batch(LogBatch, LogBatchPool, logs: [(owner: LogOwner, counters: LogCounters)])
    /// Everything before this is delivered when it is called.
    case barrier(@Sendable () -> Void)
}

/// Writes output to the host's journal, on a thread of its own: a journald that is stopped keeps nobody else waiting.
///
/// The fields are MESSAGE, PRIORITY, SYSLOG_IDENTIFIER (the service), STACK_NAME, STACK_SERVICE, STACK_REPLICA,
/// STACK_SEQUENCE and STACK_STREAM.
final class JournalWriter {
    /// How many batches may be under way.
    static let batches = 4
    /// Where journald listens; libsystemd keeps silent where it does not.
    private static let socket = "/run/systemd/journal/socket"

    /// How often it is tried to say what was lost when no more comes.
    private static let retryPeriod = Duration.seconds(1)

    private let loop: EventLoop
    private let stack: String
    private let report: (LogReport) -> Void
    private var isRetrying = false
    private var losses: [LogOwner: LogLoss] = [:]

    init(
        loop: EventLoop, stack: String, mailbox: Mailbox<LogBatchOrder>, report: @escaping (LogReport) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.stack = stack
        self.report = report
        _ = try mailbox.deliver(on: loop) { [unowned self] orders in
            for order in orders {
                switch order {
                case .batch(let batch, let pool, let logs):
                    for (segment, log) in zip(batch.segments, logs) {
                        write(segment, of: batch, log.owner, log.counters)
                    }
                    pool.giveBack(batch)
                case .barrier(let reached): reached()
                }
            }
        }
    }

    private func write(
        _ segment: LogBatch.Segment, of batch: LogBatch, _ owner: LogOwner, _ counters: LogCounters
    ) {
        // The pump has counted and told it.
        if let loss = segment.loss { add(loss, owner) }
        for line in batch.bytes(of: segment).split(separator: UInt8(ascii: "\n")) {
            let line = UnsafeRawBufferPointer(rebasing: line)
            guard let record = RawLogRecord(parsing: line) else { continue }
            let error = tellLoss(owner)
            let (priority, text) = JournalPriority.split(record.text)
            let failure = error != 0 ? error : send(text, priority: priority, owner, record.stream, record.number)
            if failure != 0 { lose(record, owner, counters, SystemError(errno: failure, operation: "journal")) }
        }
        if losses[owner] != nil, tellLoss(owner) != 0 { retryLater() }
    }

    // MARK: Losses

    private func lose(_ record: RawLogRecord, _ owner: LogOwner, _ counters: LogCounters, _ error: SystemError) {
        let loss = LogLoss(lines: 1, bytes: record.text.count + 1, last: record.number, reason: error.description)
        counters.addDropped(loss)
        if add(loss, owner) { report(.trouble(owner, .dropping(loss.reason))) }
    }

    /// True: it is the first since something was written.
    @discardableResult
    private func add(_ loss: LogLoss, _ owner: LogOwner) -> Bool {
        let isFirst = losses[owner] == nil
        losses[owner]?.add(loss)
        if isFirst { losses[owner] = loss }
        return isFirst
    }

    /// Says what is missing; returns 0, or why that cannot be said either.
    private func tellLoss(_ owner: LogOwner) -> Int32 {
        guard let loss = losses[owner] else { return 0 }
        let error = Array(loss.text.utf8).withUnsafeBytes {
            send($0, priority: JournalPriority.warning, owner, .gap, loss.last)
        }
        guard error == 0 else { return error }
        losses[owner] = nil
        report(.trouble(owner, .resumed(droppedLines: loss.lines, droppedBytes: loss.bytes)))
        return 0
    }

    /// Also where no more output comes, the journal hears what is missing as soon as it can.
    private func retryLater() {
        guard !isRetrying else { return }
        isRetrying = true
        loop.schedule(after: Self.retryPeriod) { [unowned self] in
            isRetrying = false
            for owner in Array(losses.keys) where tellLoss(owner) != 0 { return retryLater() }
        }
    }

    // MARK: Sending

    /// Returns 0, or the error's number.
    private func send(
        _ text: UnsafeRawBufferPointer, priority: UInt8, _ owner: LogOwner, _ stream: LogStream, _ number: UInt64
    ) -> Int32 {
        guard access(Self.socket, W_OK) == 0 else { return errno }
        let message = Array("MESSAGE=".utf8) + text
        let fields = Array(
            [
                "PRIORITY=\(priority)", "SYSLOG_IDENTIFIER=\(owner.service)", "STACK_NAME=\(stack)",
                "STACK_SERVICE=\(owner.service)", "STACK_REPLICA=\(owner.replica)", "STACK_SEQUENCE=\(number)",
                "STACK_STREAM=\(stream.name)",
            ].joined(separator: "\n").utf8)
        return fields.withUnsafeBytes { fields in
            message.withUnsafeBytes { message in
                let pieces = fields.split(separator: UInt8(ascii: "\n")).map { UnsafeRawBufferPointer(rebasing: $0) }
                let vectors = (pieces + [message]).map {
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
                }
                return -sd_journal_sendv(vectors, Int32(vectors.count))
            }
        }
    }
}

/// The levels of sd-daemon(3): a line that begins with `<N>`.
enum JournalPriority {
    static let warning: UInt8 = 4
    /// Of lines that name none.
    static let usual: UInt8 = 6

    /// A line's priority, and its text without the prefix.
    static func split(_ line: UnsafeRawBufferPointer) -> (UInt8, UnsafeRawBufferPointer) {
        guard line.count >= 3, line[0] == UInt8(ascii: "<"), line[2] == UInt8(ascii: ">"),
            case let level = line[1] &- UInt8(ascii: "0"), level < 8
        else { return (usual, line) }
        return (level, UnsafeRawBufferPointer(rebasing: line.dropFirst(3)))
    }
}
