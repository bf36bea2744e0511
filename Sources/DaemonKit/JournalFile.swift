import Glibc
import LinuxRuntime

/// A file of whole lines: what could not be written whole is taken back, or at least ended.
struct JournalFile: ~Copyable {
    /// The calls that a full disk makes fail.
    struct Calls {
        var write: (Int32, UnsafeRawPointer?, Int) -> Int = Glibc.write
        var truncate: (Int32, off_t) -> Int32 = Glibc.ftruncate
    }

    /// In bytes.
    private(set) var size = 0

    private let path: String
    private let file: Descriptor
    private let calls: Calls
    /// The last line is not whole.
    private var isTorn = false

    private init(_ path: String, _ file: consuming Descriptor, _ calls: Calls) {
        self.path = path
        self.file = file
        self.calls = calls
    }

    /// Puts a file of these lines in the place of the one that is there, at once or, where it fails, not at all.
    static func replace(
        _ path: String, with lines: [JournalLine], calls: Calls
    ) throws(SystemError) -> JournalFile {
        let new = path + ".new"
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
        var file = JournalFile(path, try Descriptor.open(new, flags: flags, mode: 0o600), calls)
        do throws(SystemError) {
            try file.append(lines.map(\.text).joined())
            try checkLibc(fsync(file.file.number), "fsync \(new)")
            try checkLibc(rename(new, path), "rename \(new)")
        } catch {
            // On a full disk it would only take room.
            unlink(new)
            throw error
        }
        return file
    }

    /// Writes its name to the disk: after a rename the old file is there otherwise, once the host has failed.
    func synchroniseName() throws(SystemError) {
        let slash = path.lastIndex(of: "/")
        let directory = try Descriptor.open(slash.map { String(path[...$0]) } ?? ".", flags: O_RDONLY | O_DIRECTORY)
        // Not every file system can do that, and those that cannot need not.
        guard fsync(directory.number) == 0 || errno == EINVAL else {
            throw SystemError.last("fsync the directory of \(path)")
        }
    }

    /// Appends a line, or nothing.
    mutating func append(_ text: String) throws(SystemError) {
        // What is left of a line that could not be taken back gets a line of its own, which its reader leaves out.
        let bytes = Array(((isTorn ? "\(JournalLine.cancellation)\n" : "") + text).utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { calls.write(file.number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = SystemError.last("write \(path)")
                takeBack(written)
                throw error
            }
            written += count
        }
        size += written
        isTorn = false
    }

    private mutating func takeBack(_ written: Int) {
        guard written > 0, calls.truncate(file.number, off_t(size)) != 0 else { return }
        size += written
        isTorn = true
    }

    /// Writes what is in the page cache to the disk.
    func synchronise() throws(SystemError) {
        try checkLibc(fdatasync(file.number), "fdatasync \(path)")
    }
}
