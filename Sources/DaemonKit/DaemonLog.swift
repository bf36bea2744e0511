import Glibc
import LinuxRuntime
import SupervisorCore

/// What the daemon says on its standard error: a line an event, which systemd's journal or a file takes.
enum DaemonLog {
    static func write(_ event: StackEvent) {
        write("\(event.subject): \(event.reason)")
    }

    static func write(_ message: String) {
        writePlain("\(WallTime.now) \(message)")
    }

    /// Without the time, for what others read as it is.
    static func writePlain(_ message: String) {
        let line = Array("\(message)\n".utf8)
        // A log that cannot be written must not stop what it is about.
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
