/// A signal of Linux by its number, written `SIGTERM`, `TERM` or `15`.
public struct Signal: Hashable, Sendable, CustomStringConvertible {
    public let number: Int32

    public init(number: Int32) {
        self.number = number
    }

    public static let hangup = Signal(number: 1)
    public static let interrupt = Signal(number: 2)
    public static let kill = Signal(number: 9)
    public static let terminate = Signal(number: 15)

    /// The numbers are those of x86, ARM and most other Linux ports (signal(7), "Standard signals").
    private static let names: [(Int32, String)] = [
        (1, "HUP"), (2, "INT"), (3, "QUIT"), (4, "ILL"), (5, "TRAP"), (6, "ABRT"), (7, "BUS"), (8, "FPE"), (9, "KILL"),
        (10, "USR1"), (11, "SEGV"), (12, "USR2"), (13, "PIPE"), (14, "ALRM"), (15, "TERM"), (16, "STKFLT"),
        (17, "CHLD"),
        (18, "CONT"), (19, "STOP"), (20, "TSTP"), (21, "TTIN"), (22, "TTOU"), (23, "URG"), (24, "XCPU"), (25, "XFSZ"),
        (26, "VTALRM"), (27, "PROF"), (28, "WINCH"), (29, "IO"), (30, "PWR"), (31, "SYS"),
    ]

    /// Nil where the text names no signal; `RTMIN+3` and `SIGRTMIN+3` name real-time signals.
    public init?(text: some StringProtocol) {
        if let number = Int32(text) {
            guard (1...64).contains(number) else { return nil }
            self.number = number
            return
        }
        let upper = text.uppercased()
        let name = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if let known = Self.names.first(where: { $0.1 == name }) {
            number = known.0
        } else if name.hasPrefix("RTMIN+"), let offset = Int32(name.dropFirst(6)), (0...30).contains(offset) {
            number = 34 + offset
        } else {
            return nil
        }
    }

    public var description: String {
        if let known = Self.names.first(where: { $0.0 == number }) { return "SIG\(known.1)" }
        return number >= 34 ? "SIGRTMIN+\(number - 34)" : "signal \(number)"
    }
}

/// How a process ended.
public enum ExitStatus: Hashable, Sendable, CustomStringConvertible {
    case exited(code: Int32)
    case signalled(Signal, coreDumped: Bool)
    /// It ended, but only its parent was told how, and that was not this daemon.
    case unknown

    public var isSuccess: Bool { self == .exited(code: 0) }

    public var description: String {
        switch self {
        case .exited(let code): "exited with status \(code)"
        case .signalled(let signal, let coreDumped): "was ended by \(signal)" + (coreDumped ? " (core dumped)" : "")
        case .unknown: "ended, exit status unknown"
        }
    }
}

/// Why no process could be made for an instance: the step that failed, what it failed on, and the error of the system.
public struct SpawnFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stable word for the step: `executable`, `workingDirectory`, `user`, `clone`, `listener`, …
    public var stage: String
    public var errno: Int32
    /// As a person reads it: `chdir /x: No such file or directory`.
    public var message: String

    public init(stage: String, errno: Int32, message: String) {
        self.stage = stage
        self.errno = errno
        self.message = message
    }

    public var description: String { message }
}
