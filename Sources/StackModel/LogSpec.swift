/// What is kept of a service's output, and where.
public struct LogSpec: Hashable, Sendable {
    public enum Destination: Hashable, Sendable {
        /// Files of the stack's log directory.
        case files(Format)
        /// The host's journal (systemd-journald), which keeps as much as its own configuration says.
        case journal
        /// Nowhere: only who follows sees it.
        case nowhere
    }

    public enum Format: String, Hashable, Sendable, CaseIterable {
        /// `TIME SERVICE/INDEX STREAM NUMBER TEXT`
        case text
        /// One JSON object a line.
        case json
    }

    public var destination: Destination
    /// A file is rotated before it grows beyond this.
    public var maximumSize: ByteCount
    /// How many files are kept, the current one included.
    public var maximumFiles: Int
    /// A file is rotated when its first line is so old; nil is never.
    public var maximumAge: Duration?
    /// Files that were rotated away are compressed (gzip).
    public var compresses: Bool

    public init(
        destination: Destination = .files(.text), maximumSize: ByteCount = ByteCount(20 << 20), maximumFiles: Int = 5,
        maximumAge: Duration? = nil, compresses: Bool = false
    ) {
        self.destination = destination
        self.maximumSize = maximumSize
        self.maximumFiles = maximumFiles
        self.maximumAge = maximumAge
        self.compresses = compresses
    }
}
