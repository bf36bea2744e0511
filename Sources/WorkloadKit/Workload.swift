import Glibc
import Hummingbird
public import Logging
public import ServiceLifecycle
import Synchronization
import UnixSignals

/// What every program of the stack does in the same way: its settings, its health, its end.
///
/// Settings from the environment: `PORT_ADMIN` (the admin server's port; none without it), `DRAIN_SECONDS` (how long
/// the end may take, 25), `LOG_LEVEL` (info), and those of systemd's protocols.
public struct Workload: Sendable {
    /// The program's name.
    public let name: String
    /// The settings that the program was started with.
    public let settings: Settings
    /// Where the program's log lines go: the standard error, since an MCP server's standard output carries messages.
    public let logger: Logger
    /// The program's measurements, served at `/metrics`.
    public let metrics = Metrics()
    private let manager: ServiceManager

    /// A program that reads its settings from this process's environment.
    init(_ name: String) {
        let settings = Settings.ofProcess()
        self.name = name
        self.settings = settings
        self.manager = ServiceManager(notifySocket: settings["NOTIFY_SOCKET"])
        var logger = Logger(label: name) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = settings["LOG_LEVEL"].flatMap(Logger.Level.init(rawValue:)) ?? .info
        self.logger = logger
    }

    /// Runs a program; what it fails with is its last words, and the exit status is 1 then.
    public static func run(_ name: String, _ program: (Workload) async throws -> Void) async {
        let workload = Workload(name)
        do {
            try await program(workload)
        } catch {
            workload.logger.critical("\(error)")
            exit(1)
        }
    }

    /// Runs the services until SIGTERM or SIGINT, then shuts them down in reverse order.
    ///
    /// `READY=1` is said as soon as every dependency answers.
    ///
    /// - Parameters:
    ///   - services: what the program consists of, the ones that others need first.
    ///   - servers: those that can serve nobody before every dependency has answered once; they begin then.
    ///   - dependencies: what must answer for the program to be ready.
    /// - Throws: ``SettingError``, ``ListenerError``, or what a service failed with.
    public func run(
        _ services: [any Service] = [], servers: [any Service] = [], dependencies: [Dependency]
    ) async throws {
        let readiness = Readiness(dependencies)
        let drain = try settings.integer("DRAIN_SECONDS", default: 25, in: 0...3600)
        let gated = servers.map(WhenReady.init)
        let lifecycle = Lifecycle(
            manager: manager, readiness: readiness, servers: gated, patience: .seconds(drain), logger: logger)
        var all = services + gated
        if settings["PORT_ADMIN"] != nil {
            let port = try settings.integer("PORT_ADMIN", default: 0, in: 1...65535)
            let socket = try ListeningSocket.bind("127.0.0.1:\(port)")
            let router = AdminRoutes(metrics: metrics, readiness: readiness, isStopping: lifecycle.isStopping).router()
            all.insert(HTTPServer.make(socket, responder: router.buildResponder(), logger: logger), at: 0)
        }
        // The last service is the first to hear of the end: the supervisor is told before anything closes.
        all.append(lifecycle)
        let configuration = ServiceGroupConfiguration(
            services: all.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quietLogger)
        try await ServiceGroup(configuration: configuration).run()
        logger.info("stopped")
    }

    /// The service group's own lines are about its machinery; only its errors are of interest here.
    private var quietLogger: Logger {
        var logger = self.logger
        logger.logLevel = max(logger.logLevel, .error)
        return logger
    }
}

/// Says READY=1 when the dependencies answer, and STOPPING=1 when the end begins, and sees to it that there is an end.
private struct Lifecycle: Service {
    let manager: ServiceManager
    let readiness: Readiness
    let servers: [WhenReady]
    /// How long the end may take.
    let patience: Duration
    let logger: Logger
    let isStopping = Flag()

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await announceReadiness()
        }
        try? await gracefulShutdown()
        isStopping.raise()
        logger.info("stopping")
        manager.stopping(status: "draining")
        Task { await cutOff() }
    }

    /// Ends the process after its time, whatever is still in flight; a process that has ended by itself then is gone.
    private func cutOff() async {
        try? await Task.sleep(for: patience)
        logger.critical("what was in flight was cut off after \(patience)")
        exit(1)
    }

    private func announceReadiness() async {
        var lastFailure: String?
        while !Task.isCancelled {
            let failures = await readiness.failures()
            guard let first = failures.first, !Task.isCancelled else { break }
            let failure = "waiting for \(first.dependency): \(first.reason)"
            if failure != lastFailure {
                logger.notice("\(failure)")
                manager.status(failure)
                lastFailure = failure
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
        guard !Task.isCancelled else { return }
        for server in servers { server.begin() }
        manager.ready(status: "serving")
        logger.info("ready")
    }
}

/// A flag that is raised once and never lowered.
final class Flag: Sendable {
    private let raised = Atomic(false)

    var isRaised: Bool { raised.load(ordering: .acquiring) }

    func raise() {
        raised.store(true, ordering: .releasing)
    }
}
