/// What a service is: what to run, how many of it, after what, and how to tell that it works.
public struct ServiceSpec: Hashable, Sendable {
    public var name: ServiceName
    /// The hash of what the file says of it.
    public var definition: Revision
    public var process: ProcessSpec
    public var replicas: Int
    /// In the order of the names of what is depended on; each name once.
    public var dependencies: [DependencySpec]
    public var listeners: [ListenerSpec]
    public var ports: [PortSpec]
    /// `notify: true`: READY=1 on NOTIFY_SOCKET is part of readiness.
    public var notify: Bool
    public var probes: ProbeSet
    /// How long a start may take until it counts as failed (systemd's TimeoutStartSec); nil is without limit.
    public var startTimeout: Duration?
    /// The longest silence between two WATCHDOG=1 of a ready instance (systemd's WatchdogSec); nil asks for none.
    public var watchdog: Duration?
    public var restart: RestartSpec
    public var stop: StopSpec
    public var logging: LogSpec
    /// Another service waits for this one's success (`service_completed_successfully`), so exit status 0 is its aim.
    public var isAwaitedToComplete: Bool
    /// It runs when this says so, and not when the stack starts.
    public var schedule: ScheduleSpec?
    public var watches: [WatchSpec]
    /// In the order of their names.
    public var routes: [RouteSpec]
    public var rollout: RolloutSpec
    /// In the order of their names.
    public var secrets: [SecretSpec]
    public var onSecretChange: SecretChangeAction
    public var resources: ResourceSpec
    /// Where it is nil, nothing but the file and people say how many replicas there are.
    public var autoscale: AutoscaleSpec?
    /// The file that the command runs, as the daemon has found it; nil where there is none.
    public var executable: ExecutableFile?

    public init(
        name: ServiceName, revision: Revision = Revision(""), process: ProcessSpec, replicas: Int = 1,
        dependencies: [DependencySpec] = [], listeners: [ListenerSpec] = [], ports: [PortSpec] = [],
        notify: Bool = false, probes: ProbeSet = ProbeSet(), startTimeout: Duration? = nil, watchdog: Duration? = nil,
        restart: RestartSpec = RestartSpec(), stop: StopSpec = StopSpec(), logging: LogSpec = LogSpec(),
        isAwaitedToComplete: Bool = false, schedule: ScheduleSpec? = nil, watches: [WatchSpec] = [],
        routes: [RouteSpec] = [], rollout: RolloutSpec = RolloutSpec(), secrets: [SecretSpec] = [],
        onSecretChange: SecretChangeAction = .rollout, resources: ResourceSpec = ResourceSpec(),
        autoscale: AutoscaleSpec? = nil, executable: ExecutableFile? = nil
    ) {
        self.name = name
        definition = revision
        self.process = process
        self.replicas = replicas
        self.dependencies = dependencies.sorted { $0.service < $1.service }
        self.listeners = listeners
        self.ports = ports
        self.notify = notify
        self.probes = probes
        self.startTimeout = startTimeout
        self.watchdog = watchdog
        self.restart = restart
        self.stop = stop
        self.logging = logging
        self.isAwaitedToComplete = isAwaitedToComplete
        self.schedule = schedule
        self.watches = watches
        self.routes = routes
        self.rollout = rollout
        self.secrets = secrets
        self.onSecretChange = onSecretChange
        self.resources = resources
        self.autoscale = autoscale
        self.executable = executable
    }

    /// What it is, its executable and its secrets included.
    public var revision: Revision {
        ([executable?.digest] + secrets.map(\.digest)).reduce(definition) { revision, content in
            content.map { Revision(hashing: "\(revision) \($0)") } ?? revision
        }
    }

    /// There is more to being ready than running.
    public var hasReadiness: Bool {
        notify || probes.readiness != nil || probes.startup != nil
    }

    /// Exit status 0 is no success for it before it was ready: it is there to serve.
    public var shouldStayUp: Bool {
        if isAwaitedToComplete || schedule != nil { return false }
        switch restart.mode {
        case .always, .unlessStopped: return true
        case .no, .onFailure: return hasReadiness || !listeners.isEmpty || !routes.isEmpty
        }
    }
}

/// One entry of `depends_on`.
public struct DependencySpec: Hashable, Sendable {
    public enum Condition: String, Hashable, Sendable, CaseIterable {
        /// At least one of its replicas runs, or has completed.
        case started = "service_started"
        /// At least one of its replicas is ready.
        case healthy = "service_healthy"
        /// All of its replicas have ended with exit status 0.
        case completedSuccessfully = "service_completed_successfully"
    }

    public var service: ServiceName
    public var condition: Condition
    /// When it was replaced, what depends on it is restarted too.
    public var restart: Bool

    public init(service: ServiceName, condition: Condition, restart: Bool = false) {
        self.service = service
        self.condition = condition
        self.restart = restart
    }
}

/// A port that each replica binds itself, handed over as `PORT_NAME` and `${port.NAME}`.
public struct PortSpec: Hashable, Sendable {
    public enum Assignment: Hashable, Sendable {
        /// The daemon finds a free one for each replica.
        case automatic
        case fixed(UInt16)
    }

    public var name: String
    public var assignment: Assignment

    public init(name: String, assignment: Assignment) {
        self.name = name
        self.assignment = assignment
    }

    /// The variable that hands a port of that name over: `admin` by `PORT_ADMIN`, `my-port` by `PORT_MY_PORT`.
    public static func variableName(for name: String) -> String {
        "PORT_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
}
