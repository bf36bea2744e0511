/// `GET /v1/stack`: the stack as a whole, and the daemon that runs it.
public struct StackDocument: Hashable, Codable, Sendable {
    public enum State: String, Hashable, Codable, Sendable, CaseIterable {
        /// Not every service that should be ready has been yet.
        case starting
        /// Every service is as it should be.
        case ready
        /// The stack has been ready, and a service is not as it should be.
        case degraded
        /// A shutdown is under way.
        case stopping
        /// Nothing runs, and nothing should.
        case stopped
    }

    /// Where the daemon keeps what belongs to the stack; absolute paths.
    public struct Directories: Hashable, Codable, Sendable {
        /// What must outlive a boot.
        public var state: String
        /// Sockets and the like, empty after a boot.
        public var run: String
        /// The services' output.
        public var logs: String

        public init(state: String, run: String, logs: String) {
            self.state = state
            self.run = run
            self.logs = logs
        }
    }

    public struct Daemon: Hashable, Codable, Sendable {
        public var pid: Int32
        public var version: String
        /// When it was started.
        public var since: Timestamp

        public init(pid: Int32, version: String, since: Timestamp) {
            self.pid = pid
            self.version = version
            self.since = since
        }
    }

    public var name: String
    public var state: State
    /// Every service that should run is ready, and every one that should complete has.
    public var ready: Bool
    /// When the stack came into this state.
    public var since: Timestamp
    /// The stack files, later ones over earlier ones; absolute paths.
    public var files: [String]
    public var directories: Directories
    public var daemon: Daemon

    public init(
        name: String, state: State, ready: Bool, since: Timestamp, files: [String], directories: Directories,
        daemon: Daemon
    ) {
        self.name = name
        self.state = state
        self.ready = ready
        self.since = since
        self.files = files
        self.directories = directories
        self.daemon = daemon
    }
}

extension StackDocument.State: JSONValue {}

extension StackDocument: WireDocument {
    public static let summary = "The stack as a whole, and the daemon that runs it."
    public static let properties: [WireProperty<StackDocument>] = [
        .init("daemon", \.daemon, "The daemon itself."),
        .init("directories", \.directories, "Where the daemon keeps what belongs to the stack."),
        .init("files", \.files, "The stack files, later ones over earlier ones; absolute paths."),
        .init("name", \.name, "The name of the stack."),
        .init("ready", \.ready, "Every service that should run is ready, and every one that should complete has."),
        .init("since", \.since, "When the stack came into this state."),
        .init(
            "state", \.state,
            """
            starting: not every service has been ready yet; ready; degraded: it has been ready, and a service is not \
            as it should be; stopping; stopped.
            """),
    ]
}

extension StackDocument.Directories: WireDocument {
    public static let summary = "Where the daemon keeps what belongs to the stack; absolute paths."
    public static let properties: [WireProperty<StackDocument.Directories>] = [
        .init("logs", \.logs, "The services' output."),
        .init("run", \.run, "Sockets and the like, empty after a boot."),
        .init("state", \.state, "What must outlive a boot."),
    ]
}

extension StackDocument.Daemon: WireDocument {
    public static let summary = "The daemon that runs the stack."
    public static let properties: [WireProperty<StackDocument.Daemon>] = [
        .init("pid", \.pid, "Its process."),
        .init("since", \.since, "When it was started."),
        .init("version", \.version, "Its version."),
    ]
}
