import Synchronization

/// What has become of one replica's output since the daemon began; read from any thread without waiting.
final class LogCounters: Sendable {
    private let lines = Atomic<UInt64>(0)
    private let bytes = Atomic<UInt64>(0)
    private let droppedLines = Atomic<UInt64>(0)
    private let droppedBytes = Atomic<UInt64>(0)

    func addRead(lines count: Int, bytes size: Int) {
        lines.add(UInt64(count), ordering: .relaxed)
        bytes.add(UInt64(size), ordering: .relaxed)
    }

    func addDropped(_ loss: LogLoss) {
        droppedLines.add(UInt64(loss.lines), ordering: .relaxed)
        droppedBytes.add(UInt64(loss.bytes), ordering: .relaxed)
    }

    var counts: LogCounts {
        LogCounts(
            lines: lines.load(ordering: .relaxed), bytes: bytes.load(ordering: .relaxed),
            droppedLines: droppedLines.load(ordering: .relaxed), droppedBytes: droppedBytes.load(ordering: .relaxed))
    }
}

/// A reading of a replica's counters.
public struct LogCounts: Hashable, Sendable {
    /// What was read, and of that what was dropped.
    public var lines: UInt64 = 0
    public var bytes: UInt64 = 0
    public var droppedLines: UInt64 = 0
    public var droppedBytes: UInt64 = 0
}
