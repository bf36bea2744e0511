import ControlProtocol
import Glibc
import Synchronization

/// The audit log as a file of JSON lines (mode 0600). A file of 10 MiB becomes `PATH.1`, in place of the one before.
public final class AuditFile: AuditLog {
    public struct Failure: Error, CustomStringConvertible {
        public var description: String

        fileprivate init(_ step: String, _ path: String) {
            description = "\(step) \(path): \(String(cString: strerror(errno)))"
        }
    }

    private struct State {
        /// Nil until it can be opened.
        var descriptor: Int32?
        var size = 0
    }

    public let path: String
    private let limit: Int
    private let state = Mutex(State())

    /// Whoever writes finds out whether the file can be had: a daemon must start without it, and say so.
    public init(path: String, limit: Int = 10 << 20) {
        self.path = path
        self.limit = limit
    }

    deinit {
        state.withLock { if let descriptor = $0.descriptor { close(descriptor) } }
    }

    public func record(_ entry: AuditEntry) throws {
        let line = WireFormat.bytes(of: entry) + [UInt8(ascii: "\n")]
        try state.withLock { state throws(Failure) in
            if state.size + line.count > limit { try rotate(&state) }
            let descriptor = if let descriptor = state.descriptor { descriptor } else { try open(&state) }
            // One write: with O_APPEND lines of two daemons would not mix either.
            guard Glibc.write(descriptor, line, line.count) == line.count else {
                let failure = Failure("write", path)
                // The file may be gone, or its disk: the next entry begins anew.
                close(descriptor)
                state = State()
                throw failure
            }
            state.size += line.count
        }
    }

    private func open(_ state: inout State) throws(Failure) -> Int32 {
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure("open", path) }
        var status = stat()
        state = State(descriptor: descriptor, size: fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0)
        return descriptor
    }

    private func rotate(_ state: inout State) throws(Failure) {
        if let descriptor = state.descriptor.take() { close(descriptor) }
        state.size = 0
        guard rename(path, path + ".1") == 0 || errno == ENOENT else { throw Failure("rename", path) }
    }
}
