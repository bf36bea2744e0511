/// What to execute, and in what surroundings.
public struct ProcessSpec: Hashable, Sendable {
    /// The program and its arguments; a program without a slash is looked up in the PATH that the process gets.
    public var command: [Template]
    /// In the order of the names; each name once.
    public var environment: [EnvironmentVariable]
    /// Nil is the stack's directory.
    public var workingDirectory: Template?
    /// A name or a number; nil is the daemon's own.
    public var user: String?
    /// A name or a number; nil is the user's.
    public var group: String?
    /// Names or numbers of further groups.
    public var supplementaryGroups: [String]
    /// Nil is the daemon's own.
    public var umask: UInt16?
    public var limits: [ResourceLimit]
    /// -20 to 19; nil is the daemon's own.
    public var nice: Int?
    /// -1000 to 1000; nil is the daemon's own.
    public var oomScoreAdjustment: Int?
    public var noNewPrivileges: Bool
    /// Standard input is a pipe that stays open and empty; otherwise it is /dev/null.
    public var keepsStandardInputOpen: Bool

    public init(
        command: [Template], environment: [EnvironmentVariable] = [], workingDirectory: Template? = nil,
        user: String? = nil, group: String? = nil, supplementaryGroups: [String] = [], umask: UInt16? = nil,
        limits: [ResourceLimit] = [], nice: Int? = nil, oomScoreAdjustment: Int? = nil, noNewPrivileges: Bool = false,
        keepsStandardInputOpen: Bool = false
    ) {
        self.command = command
        self.environment = environment.sorted { $0.name < $1.name }
        self.workingDirectory = workingDirectory
        self.user = user
        self.group = group
        self.supplementaryGroups = supplementaryGroups
        self.umask = umask
        self.limits = limits
        self.nice = nice
        self.oomScoreAdjustment = oomScoreAdjustment
        self.noNewPrivileges = noNewPrivileges
        self.keepsStandardInputOpen = keepsStandardInputOpen
    }
}

public struct EnvironmentVariable: Hashable, Sendable {
    public var name: String
    public var value: Template

    public init(name: String, value: Template) {
        self.name = name
        self.value = value
    }
}

/// One entry of Compose's `ulimits`; nil is without limit.
public struct ResourceLimit: Hashable, Sendable {
    /// The resources of setrlimit(2), by their names in Compose.
    public enum Resource: String, Hashable, Sendable, CaseIterable {
        case addressSpace = "as"
        case core, cpu, data
        case fileSize = "fsize"
        case locks
        case lockedMemory = "memlock"
        case messageQueues = "msgqueue"
        case nice
        case openFiles = "nofile"
        case processes = "nproc"
        case residentSet = "rss"
        case realTimePriority = "rtprio"
        case realTimeMicroseconds = "rttime"
        case pendingSignals = "sigpending"
        case stack
    }

    public var resource: Resource
    public var soft: UInt64?
    public var hard: UInt64?

    public init(resource: Resource, soft: UInt64?, hard: UInt64?) {
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }
}
