import CLinux
import Glibc

/// How a process ended.
public enum ProcessExit: Hashable, Sendable, CustomStringConvertible {
    /// It returned or called exit.
    case exited(code: Int32)
    /// A signal ended it.
    case signaled(signal: Int32, dumpedCore: Bool)
    /// It was not this process's child, so only that it ended is known.
    case unknown

    init(_ exit: clinux_exit) {
        self =
            switch Int(exit.code) {
            case CLD_EXITED: .exited(code: exit.status)
            case CLD_DUMPED: .signaled(signal: exit.status, dumpedCore: true)
            default: .signaled(signal: exit.status, dumpedCore: false)
            }
    }

    public var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signaled(let signal, let dumpedCore): "signal \(signal)\(dumpedCore ? " (core dumped)" : "")"
        case .unknown: "exit status unknown"
        }
    }
}

/// A process that is watched until it ends. Its pid is its own for as long as `status` is nil.
public final class WatchedProcess {
    /// The process id.
    public let pid: Int32
    /// How it ended; nil while it runs.
    public fileprivate(set) var status: ProcessExit?

    fileprivate var pidfd: Descriptor?
    fileprivate var registration: EventLoop.Registration?
    fileprivate let onExit: (ProcessExit) -> Void

    fileprivate init(pid: Int32, pidfd: consuming Descriptor, onExit: @escaping (ProcessExit) -> Void) {
        self.pid = pid
        self.pidfd = consume pidfd
        self.onExit = onExit
    }

    /// Sends a signal to exactly this process; ESRCH when it has ended.
    public func signal(_ number: Int32) throws(SystemError) {
        guard let descriptor = pidfd?.number else { throw SystemError(errno: ESRCH, operation: "signal \(pid)") }
        try check(clinux_pidfd_send_signal(descriptor, number), "signal \(pid)")
    }

    fileprivate var descriptor: Int32? { pidfd?.number }
}

/// Learns of the end of processes: of those it watches by their pidfds, of adopted orphans by SIGCHLD.
///
/// It reaps every child of the calling process, so nothing else in the process may start or wait for children.
public final class Exits {
    /// How many orphans are reaped in one turn.
    private static let orphansPerTurn = 256

    /// Called for each adopted orphan that was reaped.
    public var onOrphan: ((_ pid: Int32, ProcessExit) -> Void)?

    private let loop: EventLoop
    private var watched: [Int32: WatchedProcess] = [:]

    /// Makes an empty watch list.
    public init(loop: EventLoop) {
        self.loop = loop
    }

    /// Makes the calling process the one that its descendants' orphans are given to.
    public static func becomeSubreaper() throws(SystemError) {
        try check(clinux_set_subreaper(1), "prctl child_subreaper")
    }

    /// Calls `onExit` once, on the loop, when the process has ended, and reaps it if it is a child.
    ///
    /// A spawned process must be watched before the loop runs on, or it is taken for an orphan. One that cannot be
    /// watched is killed before the error is thrown.
    public func watch(
        _ process: consuming SpawnedProcess, onExit: @escaping (ProcessExit) -> Void
    ) throws(SystemError) -> WatchedProcess {
        let spawned = WatchedProcess(pid: process.pid, pidfd: process.pidfd, onExit: onExit)
        do throws(SystemError) {
            try begin(spawned)
        } catch {
            try? spawned.signal(SIGKILL)
            throw error
        }
        return spawned
    }

    /// As above, for a process that was found, not spawned.
    public func watch(
        pid: Int32, pidfd: consuming Descriptor, onExit: @escaping (ProcessExit) -> Void
    ) throws(SystemError) -> WatchedProcess {
        let found = WatchedProcess(pid: pid, pidfd: pidfd, onExit: onExit)
        try begin(found)
        return found
    }

    private func begin(_ process: WatchedProcess) throws(SystemError) {
        guard let number = process.descriptor else { return }
        process.registration = try loop.register(number, for: .readable) { [unowned self, unowned process] _ in
            reap(process)
        }
        watched[process.pid] = process
    }

    /// Reaps every orphan that has ended. To be called on SIGCHLD.
    public func reapOrphans() {
        var exit = clinux_exit()
        for _ in 0..<Exits.orphansPerTurn {
            // Only looked at: reaping a watched child here would free its pid behind its pidfd's back.
            guard clinux_peek_exit(&exit) == 1 else { return }
            if let process = watched[exit.pid] {
                reap(process)
            } else if clinux_wait_pid(exit.pid, &exit) == 1 {
                onOrphan?(exit.pid, ProcessExit(exit))
            }
        }
        // One SIGCHLD stands for many exits, so no other one will call for the rest.
        loop.schedule(after: .zero) { [weak self] in self?.reapOrphans() }
    }

    private func reap(_ process: WatchedProcess) {
        guard let number = process.pidfd?.number else { return }
        var exit = clinux_exit()
        switch clinux_wait_pidfd(number, &exit) {
        case 0: return  // a thread of it goes on after its first one has ended
        case 1: finish(process, ProcessExit(exit))
        default: finish(process, .unknown)
        }
    }

    private func finish(_ process: WatchedProcess, _ status: ProcessExit) {
        if let registration = process.registration { loop.deregister(registration) }
        process.registration = nil
        process.pidfd = nil
        process.status = status
        watched[process.pid] = nil
        process.onExit(status)
    }
}
