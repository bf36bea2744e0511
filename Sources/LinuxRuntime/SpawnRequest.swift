/// Everything about a process that is to be started. Descriptors are lent for the call and stay the caller's.
public struct SpawnRequest: Sendable {
    /// Where a process stands among the terminal's and the shell's groups.
    public enum Session: Sendable {
        /// In its parent's session and group.
        case inherited
        /// Leader of a new session, without a terminal.
        case new
        /// Leader of a new group in its parent's session.
        case newGroup
    }

    /// A socket to hand over by systemd's protocol, as descriptor 3 and on.
    public struct Listen: Sendable {
        /// Its name in LISTEN_FDNAMES.
        public var name: String
        /// The descriptor in the caller's table.
        public var descriptor: Int32

        /// Makes a named descriptor.
        public init(name: String, descriptor: Int32) {
            self.name = name
            self.descriptor = descriptor
        }
    }

    /// The program's name and arguments, never empty. A name without "/" is searched in the PATH of `environment`.
    public var arguments: [String]
    /// The file to execute instead of what `arguments[0]` names.
    public var executable: String?
    /// The whole environment; LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID are added to it for `listen`.
    public var environment: Environment
    /// Where the process starts, and what relative paths of the executable are relative to; nil: the caller's.
    public var workingDirectory: String?

    /// The descriptors of the standard streams; nil: /dev/null.
    public var standardInput: Int32?
    public var standardOutput: Int32?
    public var standardError: Int32?
    /// Sockets for descriptors 3, 4, …
    public var listen: [Listen] = []

    /// A descriptor of the directory of the cgroup that the process is born in.
    public var cgroup: Int32?
    public var session: Session = .new
    /// Whether standard input is a terminal that the new session is controlled by.
    public var takesTerminal = false
    /// The identity to take on; nil: the caller's.
    public var credentials: Credentials?
    /// The mask of permissions that new files do not get.
    public var umask: UInt32?
    public var limits: [ResourceLimit] = []
    /// -20 (most favoured) … 19.
    public var nice: Int32?
    /// -1000 (never killed) … 1000.
    public var oomScoreAdjustment: Int32?
    /// Whether set-user-id programs gain nothing.
    public var noNewPrivileges = false
    /// The signal that the process gets when the calling thread ends.
    public var deathSignal: Int32?

    /// A request with everything else at its default.
    public init(arguments: [String], environment: Environment = Environment()) {
        self.arguments = arguments
        self.environment = environment
    }
}

/// A process that was started and not yet reaped.
public struct SpawnedProcess: ~Copyable, Sendable {
    /// Its process id, its own until it is reaped.
    public let pid: Int32
    /// The descriptor that stands for exactly this process.
    public var pidfd: Descriptor
}

/// A process that could not be started, and at which step.
public struct SpawnError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The steps of a spawn, in the order in which they are taken; the names are stable.
    public enum Stage: String, Sendable, CaseIterable {
        /// Entering its cgroup.
        case cgroup
        /// Creating the process.
        case clone
        /// Leading a session or a group.
        case session
        case oomScore
        case nice
        /// Placing descriptors.
        case descriptors
        /// Taking the terminal.
        case terminal
        /// Resource limits.
        case limits
        /// Supplementary groups.
        case groups
        case group
        case user
        case workingDirectory
        case noNewPrivileges
        case deathSignal
        /// Executing the program.
        case executable
    }

    /// The step that failed.
    public var stage: Stage
    /// The error number of the step.
    public var errno: Int32
    /// What failed and why, in words: "chdir /x: No such file or directory".
    public var description: String

    /// Makes an error that reads "operation: reason".
    public init(stage: Stage, errno: Int32, operation: String) {
        self.stage = stage
        self.errno = errno
        description = "\(operation): \(SystemError.text(errno))"
    }
}
