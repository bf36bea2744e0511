import Glibc
import LinuxRuntime
import SupervisorCore
import Synchronization

/// What the daemon says on its standard error: a line an event, which systemd's journal, a file or a terminal takes.
///
/// The journal has a time of its own for each line, and takes the severity from a `<N>` before it.
enum DaemonLog {
    private static let output = Mutex(LineOutput(to: STDERR_FILENO))
    private static let isForJournal = ServiceManager.journalReads(STDERR_FILENO)

    static func write(_ event: StackEvent) {
        write("\(event.subject): \(event.reason)", event.reason.severity)
    }

    static func write(_ message: String, _ severity: LogSeverity = .error) {
        put(isForJournal ? severity.marking(message) : "\(WallTime.now) \(message)")
    }

    /// Without the time, for what others read as it is.
    static func writePlain(_ message: String, _ severity: LogSeverity = .error) {
        put(isForJournal ? severity.marking(message) : message)
    }

    private static func put(_ text: String) {
        // A log that cannot be written must not stop what it is about.
        output.withLock { $0.write(text) }
    }
}
