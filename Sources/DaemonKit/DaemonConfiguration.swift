public import ControlProtocol
public import StackModel

/// What a daemon is told before it runs.
public struct DaemonConfiguration: Sendable {
    public var stack: StackSpec
    /// Absolute paths of the stack files.
    public var files: [String]
    public var paths: StackPaths
    public var controlSocket: String
    /// The daemon's own environment.
    public var environment: [String: String]
    /// The services to start with what they depend on; none means all.
    public var services: [ServiceName]

    public init(
        stack: StackSpec, files: [String], paths: StackPaths, controlSocket: String? = nil,
        environment: [String: String], services: [ServiceName] = []
    ) {
        self.stack = stack
        self.files = files
        self.paths = paths
        self.controlSocket = controlSocket ?? paths.controlSocket
        self.environment = environment
        self.services = services
    }

    var logDirectory: String { "\(paths.stateDirectory)/logs" }
    var notifyDirectory: String { "\(paths.runDirectory)/notify" }
    var journalFile: String { "\(paths.stateDirectory)/journal" }
}
