import Glibc
import LinuxRuntime
import SupervisorCore
import Synchronization

/// What the daemon says on its standard error: a line an event, which systemd's journal or a file takes.
enum DaemonLog {
    private static let output = Mutex(LineOutput(to: STDERR_FILENO))

    static func write(_ event: StackEvent) {
        write("\(event.subject): \(event.reason)")
    }

    static func write(_ message: String) {
        writePlain("\(WallTime.now) \(message)")
    }

    /// Without the time, for what others read as it is.
    static func writePlain(_ message: String) {
        // A log that cannot be written must not stop what it is about.
        output.withLock { $0.write(message) }
    }
}
