/// Whose output it is.
public struct LogOwner: Hashable, Comparable, Sendable {
    public var service: String
    /// The replica's index.
    public var replica: Int

    public init(service: String, replica: Int) {
        self.service = service
        self.replica = replica
    }

    public static func < (left: LogOwner, right: LogOwner) -> Bool {
        (left.service, left.replica) < (right.service, right.replica)
    }

    /// The name of its present file; those that were rotated away have the number of their first line after it.
    var fileName: String { "\(service)-\(replica).log" }

    /// The owner of a file; nil where it is nobody's present file.
    init?(fileName: some StringProtocol) {
        guard fileName.hasSuffix(".log"), let dash = fileName.lastIndex(of: "-"),
            let replica = Int(fileName[fileName.index(after: dash)...].dropLast(4)), replica >= 0
        else { return nil }
        self.init(service: String(fileName[..<dash]), replica: replica)
    }
}

/// What is kept of an output, and where.
public struct LogPolicy: Hashable, Sendable {
    public enum Destination: Hashable, Sendable {
        case files(LogFormat)
        /// The host's journal.
        case journal
        /// Only a tail, in memory, which the journal's output has too.
        case nowhere
    }

    public var destination: Destination
    /// Bytes; a file is rotated before it grows beyond this.
    public var maximumSize: Int
    /// How many files are kept, the present one included.
    public var maximumFiles: Int
    /// A file is rotated at the first line that comes when its own first line is so old; nil is never.
    public var maximumAge: Duration?
    /// Files that were rotated away are compressed.
    public var compresses: Bool

    public init(
        destination: Destination = .files(.text), maximumSize: Int = 20 << 20, maximumFiles: Int = 5,
        maximumAge: Duration? = nil, compresses: Bool = false
    ) {
        self.destination = destination
        self.maximumSize = maximumSize
        self.maximumFiles = maximumFiles
        self.maximumAge = maximumAge
        self.compresses = compresses
    }
}

/// How a line is written down.
public enum LogFormat: Hashable, Sendable {
    /// `2026-11-23T10:00:00.123456Z backend/0 out 42 text`; the stream has a "+" where the line goes on.
    case text
    /// An object a line, of the keys `time`, `service`, `replica`, `stream`, `sequence`, `text` and, where the line goes
    /// on, `continues`.
    case json
}

/// Lines that were read and could not be kept.
struct LogLoss: Hashable, Sendable {
    var lines: Int
    var bytes: Int
    /// The number of the last of them.
    var last: UInt64
    /// Why, in words.
    var reason: String

    /// Adds a later loss.
    mutating func add(_ later: LogLoss) {
        lines += later.lines
        bytes += later.bytes
        last = max(last, later.last)
        reason = later.reason
    }

    var text: String { "dropped \(lines) lines (\(bytes) bytes): \(reason)" }
}

/// What happened to a log that its reader should know.
public enum LogTrouble: Hashable, Sendable {
    /// Lines cannot be kept and are dropped from now on; why, in words.
    case dropping(String)
    /// Lines are kept again; a record in their place says how many are missing.
    case resumed(droppedLines: Int, droppedBytes: Int)
    /// The file could not be rotated and grows on.
    case notRotated(SystemError)
}
