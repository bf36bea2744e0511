public import ControlProtocol
public import StackModel

/// What a daemon is told before it runs.
public struct DaemonConfiguration: Sendable {
    public var stack: StackSpec
    /// Absolute paths of the stack files.
    public var files: [String]
    /// Those whose services belong to the stack too.
    public var profiles: Set<String>
    public var paths: StackPaths
    public var controlSocket: String
    /// The daemon's own environment, with what clients have given to fill the files' variables in.
    public var environment: [String: String]
    /// The services to start with what they depend on; none means all.
    public var services: [ServiceName]
    /// Nothing is started: what an earlier daemon left is ended, and that is all.
    public var onlyEndsLeftovers: Bool

    public init(
        stack: StackSpec, files: [String], profiles: Set<String> = [], paths: StackPaths,
        controlSocket: String? = nil, environment: [String: String], services: [ServiceName] = [],
        onlyEndsLeftovers: Bool = false
    ) {
        self.stack = stack
        self.files = files
        self.profiles = profiles
        self.paths = paths
        self.controlSocket = controlSocket ?? paths.controlSocket
        self.environment = environment
        self.services = services
        self.onlyEndsLeftovers = onlyEndsLeftovers
    }

    var logDirectory: String { "\(paths.stateDirectory)/logs" }
    var notifyDirectory: String { "\(paths.runDirectory)/notify" }
    /// That of the stack's usual control socket, made even where the socket is elsewhere.
    var controlDirectory: String { "\(paths.runDirectory)/control" }
    var journalFile: String { paths.journal }
    /// Where HAProxy's files are.
    var routesDirectory: String { "\(paths.runDirectory)/haproxy" }
    /// Where copies of programs are kept.
    var executablesDirectory: String { "\(paths.stateDirectory)/executables" }
    /// What digests of secrets are made with.
    var secretsKeyFile: String { "\(paths.stateDirectory)/secrets.key" }
    var auditFile: String { "\(paths.stateDirectory)/audit.log" }
}
