import CLibSystemd
import Glibc

/// systemd, where it runs this process: what it has handed over, and what it asks to be told.
///
/// Without systemd all of it is empty, and nothing that is told reaches anyone.
public enum ServiceManager {
    /// The variables by which systemd speaks to this very process. A service that inherited them could speak in the
    /// daemon's name, or take its descriptors for its own.
    public static let variables = [
        "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
        "JOURNAL_STREAM",
    ]

    /// Tells systemd all of it in one message (sd_notify(3)).
    ///
    /// That it cannot be told is no error: a service manager that is away must not stop what it manages.
    public static func tell(_ notices: [ServiceNotice]) {
        guard !notices.isEmpty else { return }
        sd_notify(0, notices.map { $0.assignments(at: .now) }.joined(separator: "\n"))
    }

    /// The longest silence between two `alive` that systemd takes (sd_watchdog_enabled(3)); nil where it asks for none.
    public static var watchdog: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    /// A descriptor that systemd has opened for this process, with its name in the unit (`FileDescriptorName=`).
    public struct Inheritance: Hashable, Sendable {
        public var name: String
        public var descriptor: Int32
    }

    /// The descriptors that systemd has handed over (sd_listen_fds(3)), CLOEXEC from now on; whoever asks owns them,
    /// and is the only one to get them. To be called before there is a second thread, because it changes the environment.
    public static func takeDescriptors() -> [Inheritance] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        defer {
            for position in 0..<Int(max(0, count)) { free(names?[position]) }
            free(names)
        }
        return (0..<max(0, count)).map { position in
            let name = names?[Int(position)].map { String(cString: $0) }
            return Inheritance(name: name ?? "unknown", descriptor: firstDescriptor + position)
        }
    }

    /// SD_LISTEN_FDS_START, which is a macro that Swift does not see.
    private static let firstDescriptor: Int32 = 3

    /// Whether systemd's journal reads what is written to a descriptor, and so understands lines that begin with `<N>`
    /// (sd-daemon(3)).
    public static func journalReads(_ descriptor: Int32) -> Bool {
        journalReads(descriptor, stream: getenv("JOURNAL_STREAM").map { String(cString: $0) })
    }

    /// - Parameter stream: `DEVICE:INODE` of the journal's socket. It is inherited together with the descriptor, and
    ///   stays when the descriptor is redirected: so both must say the same.
    static func journalReads(_ descriptor: Int32, stream: String?) -> Bool {
        var status = stat()
        guard let stream, fstat(descriptor, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }
}

/// One thing that a service tells systemd of itself.
public enum ServiceNotice: Hashable, Sendable {
    /// It is up, or has finished reloading.
    case ready
    /// It reads its configuration again.
    case reloading
    case stopping
    /// What it is doing, in one line for people.
    case status(String)
    /// The start or the stop that is under way may take so long from now on.
    case extendTimeout(Duration)
    /// It is alive: the watchdog's timer starts again.
    case alive
    /// Why it cannot run, as an error number.
    case failure(errno: Int32)

    /// The lines of a message that say it.
    func assignments(at time: MonotonicTime) -> String {
        switch self {
        case .ready: "READY=1"
        // systemd 253 and later tells by the time whether it is the reload that it has asked for.
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(time.nanoseconds / 1000)"
        case .stopping: "STOPPING=1"
        // A newline would begin another assignment.
        case .status(let text): "STATUS=\(String(text.map { $0.isNewline ? " " : $0 }))"
        case .extendTimeout(let duration): "EXTEND_TIMEOUT_USEC=\(max(0, duration.wholeNanoseconds / 1000))"
        case .alive: "WATCHDOG=1"
        case .failure(let errno): "ERRNO=\(errno)"
        }
    }
}
