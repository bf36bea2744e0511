import Glibc

/// One replica's log: it numbers the lines of all the replica's instances and keeps them in one file.
///
/// No line is kept in memory: the file's youngest part is in the page cache, which costs the daemon nothing, and `tail`
/// reads it from there.
public final class LogChannel {
    /// What happened to a log that its reader should know.
    public enum Trouble: Sendable {
        /// Records cannot be written and are dropped from now on.
        case dropping(SystemError)
        /// Records are written again; a record in the file says how many are missing.
        case resumed(droppedLines: Int, droppedBytes: Int)
        /// The file could not be rotated and grows on.
        case notRotated(SystemError)
    }

    /// Receives a line as it is read. The bytes are the line without its newline, and are gone after the call.
    public typealias LineHandler = (LogStamp, Span<UInt8>) -> Void

    /// Names one subscription of one channel.
    public struct Subscription: Hashable, Sendable {
        fileprivate let number: Int
    }

    public let service: String
    public let replica: Int

    private unowned let pump: LogPump
    private let file: LogFile
    /// The number of the last line. The numbers go on where an earlier daemon left them; that is found out at the first
    /// line, because looking for files that are not there would hold up the start of a whole stack.
    private lazy var sequence: UInt64 = file.tail(count: 1, limit: 256 * 1024).records.last?.stamp.sequence ?? 0
    private var handlers: [Int: LineHandler] = [:]
    private var nextHandler = 0
    private var dropped: (lines: Int, bytes: Int, error: SystemError)?

    init(service: String, replica: Int, file: LogFile, pump: LogPump) {
        self.service = service
        self.replica = replica
        self.file = file
        self.pump = pump
    }

    /// The last lines: at most `count`, from at most the last `limit` bytes.
    public func tail(_ count: Int, limit: Int = 1 << 20) -> LogTail { file.tail(count: count, limit: limit) }

    /// Calls `handler` for each line from now on, on the loop; together with `tail` before it, no line is missed.
    public func subscribe(_ handler: @escaping LineHandler) -> Subscription {
        defer { nextHandler += 1 }
        handlers[nextHandler] = handler
        return Subscription(number: nextHandler)
    }

    /// Ends a subscription.
    public func unsubscribe(_ subscription: Subscription) {
        handlers[subscription.number] = nil
    }

    // MARK: For the pipes

    /// Takes one line or piece of a line into the batch.
    func take(_ text: UnsafeRawBufferPointer, stream: LogStream, time: WallTime, prefix: [UInt8], continues: Bool) {
        sequence += 1
        pump.batch.append(prefix: prefix, sequence: sequence, text: text)
        if pump.batch.isFull { flush() }
        guard !handlers.isEmpty || pump.onLine != nil else { return }
        let stamp = LogStamp(
            time: time, service: service, replica: replica, stream: stream, sequence: sequence, continues: continues)
        text.withMemoryRebound(to: UInt8.self) { bytes in
            pump.onLine?(stamp, bytes.span)
            for handler in handlers.values { handler(stamp, bytes.span) }
        }
    }

    /// Writes the batch to the file.
    func flush() {
        guard pump.batch.count > 0 else { return }
        defer { pump.batch.removeAll() }
        if dropped != nil, !writeGap() {
            drop(pump.batch.bytes, dropped?.error)
            return
        }
        let outcome = file.append(pump.batch.bytes)
        if let error = outcome.rotationError { pump.onTrouble?(self, .notRotated(error)) }
        if let error = outcome.error {
            drop(UnsafeRawBufferPointer(rebasing: pump.batch.bytes[outcome.kept...]), error)
        }
    }

    /// Tries once more to say what is missing, when the last instance has gone.
    func close() {
        if dropped != nil { _ = writeGap() }
    }

    private func drop(_ bytes: UnsafeRawBufferPointer, _ error: SystemError?) {
        guard let error else { return }
        let lines = bytes.reduce(0) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        if let before = dropped {
            dropped = (before.lines + lines, before.bytes + bytes.count, error)
        } else {
            dropped = (lines, bytes.count, error)
            pump.onTrouble?(self, .dropping(error))
        }
    }

    private func writeGap() -> Bool {
        guard let dropped else { return true }
        let text = "dropped \(dropped.lines) lines (\(dropped.bytes) bytes): \(dropped.error.reason)"
        let record = Array("\(WallTime.now) \(service)/\(replica) gap \(sequence) \(text)\n".utf8)
        guard record.withUnsafeBytes({ file.append($0).error }) == nil else { return false }
        self.dropped = nil
        pump.onTrouble?(self, .resumed(droppedLines: dropped.lines, droppedBytes: dropped.bytes))
        return true
    }
}
