import Glibc
import Synchronization

/// The digests of files, each read once for as long as nobody changes it.
public final class FileDigests: Sendable {
    /// What is known of the file at a path without reading it.
    public enum Known: Hashable, Sendable {
        /// There is no regular file.
        case none
        case digest(FileDigest)
        /// Nobody has read it since it was changed.
        case unread
    }

    /// The clock that dates changes of files ticks only so often: a file that is changed twice within one tick looks
    /// unchanged.
    private static let settling = Duration.milliseconds(20)
    /// How often a file is read that changes while it is read.
    private static let attempts = 3
    /// Of so many files the digests are kept; then all are forgotten, and read again as they are needed.
    private static let limit = 4096

    private let digests = Mutex<[FileStamp: FileDigest]>([:])

    /// Knows no file.
    public init() {}

    /// Costs a look at the file's inode, and no more.
    public func known(_ path: String) -> Known {
        guard let stamp = FileStamp(path: path) else { return .none }
        return digests.withLock { $0[stamp] }.map { .digest($0) } ?? .unread
    }

    /// The digest of a file's content; the calling thread waits for the disk where it is not known.
    /// - Throws: where there is no file, it is not a regular one, or it may not be read.
    public func digest(of path: String) throws(SystemError) -> FileDigest {
        if case .digest(let known) = known(path) { return known }
        let file = try Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
        var digest = FileDigest("")
        for _ in 0..<Self.attempts {
            let before = try Self.stamp(of: file, path)
            let age = before.age
            if age >= .zero, age < Self.settling { Self.sleep(Self.settling - age) }
            digest = try FileDigest.reading(file, path)
            if try Self.stamp(of: file, path) == before {
                remember(before, digest)
                return digest
            }
        }
        return digest
    }

    private func remember(_ stamp: FileStamp, _ digest: FileDigest) {
        digests.withLock { digests in
            if digests.count >= Self.limit { digests = [:] }
            digests[stamp] = digest
        }
    }

    private static func stamp(of file: borrowing Descriptor, _ path: String) throws(SystemError) -> FileStamp {
        var status = stat()
        try checkLibc(fstat(file.number, &status), "stat \(path)")
        guard let stamp = FileStamp(status) else { throw SystemError(errno: EACCES, operation: "read \(path)") }
        return stamp
    }

    private static func sleep(_ duration: Duration) {
        var time = timespec(tv_sec: 0, tv_nsec: Int(duration.wholeNanoseconds))
        var rest = timespec()
        while nanosleep(&time, &rest) != 0, errno == EINTR { time = rest }
    }
}
