import Dispatch
import Glibc
import StackModel

/// A program started by the command line in a session of its own, so that the terminal's Ctrl-C does not reach it.
struct ChildProcess: Sendable {
    let pid: pid_t

    /// POSIX_SPAWN_SETSID of <spawn.h>, which Swift does not see without _GNU_SOURCE; the same in glibc and musl.
    private static let setSession: Int16 = 0x80

    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - descriptors: this process's descriptors by the number that each gets in the child.
    init(
        executable: String, arguments: [String], descriptors: [Int32: Int32]
    ) throws(SystemError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in descriptors { posix_spawn_file_actions_adddup2(&actions, source, target) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Self.setSession | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))

        var strings: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
        strings.append(nil)
        defer { strings.forEach { free($0) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, executable, &actions, &attributes, strings, environ)
        guard error == 0 else { throw SystemError(executable, errno: error) }
        self.pid = pid
    }

    /// Waits for its end, which may be asked for once; the thread that waits is none of Swift's own.
    func exit() async -> ExitStatus {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0 {
                    guard errno == EINTR else {
                        continuation.resume(returning: .unknown)
                        return
                    }
                }
                continuation.resume(returning: ExitStatus(waitStatus: status))
            }
        }
    }
}

extension ExitStatus {
    /// What wait(2) tells, whose macros Swift does not see.
    fileprivate init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self =
            signal == 0
            ? .exited(code: (waitStatus >> 8) & 0xFF)
            : .signalled(Signal(number: signal), coreDumped: waitStatus & 0x80 != 0)
    }
}
