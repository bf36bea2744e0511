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
    private let calls: JournalFile.Calls
    private var file: JournalFile
    private var contents: JournalContents
    /// Something that was to be in the file is not: the next record has it written anew, which `contents` allows.
    private var isBehind = false
    /// Something that is to outlive the host is in the page cache only.
    private var isDirty = false
    /// Beyond this size it is written anew, with nothing but what counts.
    private var sizeToCompact = Journal.compactionSize

    private static let compactionSize = 1 << 20
    private static let readLimit = 64 << 20

    /// Opens or makes the journal, and compacts it.
    /// - Throws: `EPROTO` where it is of another version, which a daemon of that version must end with first.
    init(path: String, boot: String, calls: JournalFile.Calls = JournalFile.Calls()) throws(SystemError) {
        self.path = path
        self.boot = boot
        self.calls = calls
        var found: JournalContents? = JournalContents()
        if let text = try Journal.read(path) { found = JournalContents(parsing: text) }
        guard let found else { throw SystemError(errno: EPROTO, operation: "read \(path), of another version") }
        restored = found
        contents = found
        file = try JournalFile.replace(path, with: found.compacted(boot: boot), calls: calls)
        try file.synchroniseName()
    }

    /// Writes one record. What is wanted outlives the host once `synchronise` has returned.
    func write(_ record: JournalRecord, identity: ProcessIdentity? = nil) throws(SystemError) {
        switch record {
        case .desired(let name, let state):
            contents.desired[name] = state
            isDirty = true
            try append(.desired(name, state))
        case .scaled(let name, let scale):
            contents.scales[name] = scale
            isDirty = true
            try append(.scaled(name, scale))
        case .removed(let name):
            contents.forget(name)
            isDirty = true
            try append(.removed(name))
        case .creating(let id, let replica, let revision):
            contents.nextInstance = max(contents.nextInstance, id.serial + 1)
            try append(.creating(id, replica, revision))
        case .started(let id, let pid):
            try append(.started(id, pid: pid, startTime: identity?.startTime ?? 0))
        case .ended(let id):
            try append(.ended(id))
        }
    }

    /// Makes what the operator wants outlive the host; nothing where that is on disk already. It takes milliseconds, so
    /// it is called once for the records of a turn.
    func synchronise() throws(SystemError) {
        guard isDirty else { return }
        if isBehind {
            try rewrite()
        } else {
            do throws(SystemError) {
                try file.synchronise()
            } catch {
                // The kernel takes the pages for clean after that: to synchronise them again would prove nothing.
                isBehind = true
                throw error
            }
        }
        isDirty = false
    }

    private func append(_ line: JournalLine) throws(SystemError) {
        if isBehind || file.size > sizeToCompact {
            // A full disk may have no room for a second file where it has some for a line.
            do throws(SystemError) { try rewrite() } catch { sizeToCompact = file.size + Journal.compactionSize }
        }
        do throws(SystemError) {
            try file.append(line.text)
        } catch {
            isBehind = true
            throw error
        }
    }

    private func rewrite() throws(SystemError) {
        file = try JournalFile.replace(path, with: contents.compacted(boot: boot), calls: calls)
        isBehind = true
        try file.synchroniseName()
        isBehind = false
        isDirty = false
        sizeToCompact = Journal.compactionSize
    }

    /// Nil where there is no such file.
    private static func read(_ path: String) throws(SystemError) -> String? {
        let file: Descriptor
        do throws(SystemError) {
            file = try Descriptor.open(path, flags: O_RDONLY)
        } catch {
            guard error.errno == ENOENT else { throw error }
            return nil
        }
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
