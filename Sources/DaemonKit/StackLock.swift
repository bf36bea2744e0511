import Glibc
import LinuxRuntime

/// The right to run a stack from a directory: what two daemons of one stack would share, only one of them may use.
///
/// It is held for as long as this lives. The kernel gives it back when the daemon ends, however it ends.
final class StackLock: Sendable {
    private let file: Descriptor

    /// Takes the lock on a file of its own, which stays there afterwards.
    convenience init(stack: String, file path: String) throws {
        try self.init(
            stack: stack, path: path,
            try Descriptor.open(path, flags: O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600))
    }

    /// Takes the lock on a directory itself.
    convenience init(stack: String, directory path: String) throws {
        try self.init(stack: stack, path: path, try Descriptor.open(path, flags: O_RDONLY | O_DIRECTORY))
    }

    private init(stack: String, path: String, _ file: consuming Descriptor) throws {
        guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw SystemError.last("lock \(path)") }
            throw StackLockError(stack: stack, path: path)
        }
        self.file = file
    }
}

/// Another daemon runs the stack.
struct StackLockError: Error, Hashable, CustomStringConvertible {
    var stack: String
    /// What that daemon has locked.
    var path: String

    var description: String {
        "another daemon runs the stack \(stack) and has locked \(path); stop that one first (stackctl down, with its "
            + "--socket if it has one of its own), or give this stack another name"
    }
}
