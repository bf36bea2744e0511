import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// What a later daemon must know, in a file of one line a record.
///
/// A record is written before what it tells of comes true. It is in the page cache then, which outlives the daemon; what
/// the operator wants is synchronised to the disk as well, to outlive the host.
final class Journal {
    /// What was there when it was opened.
    let restored: JournalContents

    private let path: String
    private let boot: String
    private var file: Descriptor
    private var size = 0
    private var contents: JournalContents

    /// Beyond this it is written anew, with nothing but what counts.
    private static let compactionSize = 1 << 20
    private static let readLimit = 64 << 20

    /// Opens or makes the journal, and compacts it.
    /// - Throws: `EPROTO` where it is of another version, which a daemon of that version must end with first.
    init(path: String, boot: String) throws(SystemError) {
        self.path = path
        self.boot = boot
        var found: JournalContents? = JournalContents()
        if let text = try Journal.read(path) { found = JournalContents(parsing: text) }
        guard let found else { throw SystemError(errno: EPROTO, operation: "read \(path), of another version") }
        restored = found
        contents = found
        file = try Journal.rewrite(path, found.compacted(boot: boot))
    }

    /// Writes one record.
    func write(_ record: JournalRecord, identity: ProcessIdentity? = nil) throws(SystemError) {
        switch record {
        case .desired(let name, let state):
            contents.desired[name] = state
            try append(.desired(name, state))
            try checkLibc(fdatasync(file.number), "fdatasync \(path)")
        case .creating(let id, let replica, let revision):
            contents.nextInstance = max(contents.nextInstance, id.serial + 1)
            try append(.creating(id, replica, revision))
        case .started(let id, let pid):
            try append(.started(id, pid: pid, startTime: identity?.startTime ?? 0))
        case .ended(let id):
            try append(.ended(id))
        }
    }

    private func append(_ line: JournalLine) throws(SystemError) {
        if size > Journal.compactionSize {
            file = try Journal.rewrite(path, contents.compacted(boot: boot))
            size = 0
        }
        size += try Journal.write(line.text, to: file, path)
    }

    private static func rewrite(_ path: String, _ lines: [JournalLine]) throws(SystemError) -> Descriptor {
        let new = path + ".new"
        let file = try Descriptor.open(new, flags: O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, mode: 0o600)
        for line in lines { _ = try write(line.text, to: file, new) }
        try checkLibc(fsync(file.number), "fsync \(new)")
        try checkLibc(rename(new, path), "rename \(new)")
        return file
    }

    private static func write(_ text: String, to file: borrowing Descriptor, _ path: String) throws(SystemError) -> Int
    {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError.last("write \(path)") }
            written += count
        }
        return written
    }

    /// Nil where there is no such file.
    private static func read(_ path: String) throws(SystemError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw SystemError.last("open \(path)") }
            return nil
        }
        let file = Descriptor(owning: descriptor)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < readLimit {
            let count = Glibc.read(file.number, &buffer, buffer.count)
            guard count >= 0 else { throw SystemError.last("read \(path)") }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
