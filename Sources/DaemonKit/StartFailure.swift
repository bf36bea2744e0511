import ArgumentParser
import ControlServer
import Glibc
import LinuxRuntime

/// Why the daemon does not run: what its log, its exit status and systemd say of it.
struct StartFailure: Error {
    var text: String
    /// For systemd, which shows its sentence beside the text.
    var errno: Int32
    var status = ExitCode.failure

    init(_ text: String, errno: Int32, status: ExitCode = .failure) {
        self.text = text
        self.errno = errno
        self.status = status
    }

    init(_ error: any Error) {
        text = "cannot run: \(error)"
        errno =
            switch error {
            case let error as SystemError: error.errno
            case let error as ControlSocketError: error.errno == 0 ? EADDRINUSE : error.errno
            case is StackLockError: EBUSY
            default: EIO
            }
    }

    /// Tells whoever has started the daemon.
    func tell() {
        DaemonLog.write(text)
        ServiceManager.tell([.failure(errno: errno), .status(text)])
    }
}
