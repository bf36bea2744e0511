import Glibc

/// Which file, and which state of it, without reading it: whoever writes to a file, or puts another in its place,
/// changes this.
public struct FileStamp: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: Duration
    private let changed: Duration

    /// Nil where there is no regular file at the path.
    public init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init?(_ status: stat) {
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Duration(sinceEpoch: status.st_mtim)
        changed = Duration(sinceEpoch: status.st_ctim)
    }

    /// How long ago it was changed.
    var age: Duration {
        .nanoseconds(WallTime.now.nanoseconds) - changed
    }
}

extension Duration {
    /// No `WallTime`: a file's owner can give it a time of which the nanoseconds do not fit into 64 bits.
    fileprivate init(sinceEpoch time: timespec) {
        self = .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}

/// A file's content by its hash.
public struct FileDigest: Hashable, Sendable, CustomStringConvertible {
    /// 16 hexadecimal digits.
    public let description: String

    init(_ hash: UInt64) {
        description = hexadecimal(hash)
    }

    /// Takes a digest back that was written as text.
    public init(_ text: String) {
        description = text
    }

    /// Reads a file whole; the calling thread waits for the disk.
    static func reading(_ file: borrowing Descriptor, _ path: String) throws(SystemError) -> FileDigest {
        var hash = ContentHash()
        guard lseek(file.number, 0, SEEK_SET) == 0 else { throw SystemError.last("read \(path)") }
        try withUnsafeTemporaryAllocation(byteCount: readSize, alignment: 4096) { (buffer) throws(SystemError) in
            while true {
                let count = Glibc.read(file.number, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw SystemError.last("read \(path)") }
                guard count > 0 else { return }
                hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        return FileDigest(hash.finish())
    }

    private static let readSize = 256 << 10
}

/// As 16 digits.
func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
