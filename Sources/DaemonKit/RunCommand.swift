import ArgumentParser
import ControlProtocol
import ControlServer
import FoundationEssentials
import Glibc
import LinuxRuntime
import StackFile
import StackModel

/// `stackd run`: reads the stack file and runs the stack until it is told to stop.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the stack of a stack file until it is told to stop.",
        discussion: """
            SIGTERM and SIGINT stop the stack in order, a second one at once; SIGQUIT stops it at once. SIGHUP has the \
            files read again and what has changed applied, but stops the stack where it says that the terminal is gone.
            """)

    @Option(name: [.customShort("f"), .customLong("file")], help: "A stack file; later ones over earlier ones.")
    var files: [String] = ["stack.yaml"]

    @Option(name: .customLong("profile"), help: "A profile whose services belong to the stack too.")
    var profiles: [String] = []

    @Option(name: .customLong("expect-name"), help: "The name that the stack must have, or it is not run.")
    var expectedName: String?

    @Option(help: "The control socket, where it is not the stack's usual one and systemd hands none over.")
    var socket: String?

    @Option(name: .customLong("notify"), help: "When systemd is told that the unit is up: ready, or only started.")
    var readiness = UnitReadiness.ready

    @Option(name: .customLong("ready-fd"), help: "A descriptor that gets a byte when the control socket is served.")
    var readyDescriptor: Int32?

    @Option(name: .customLong("lifeline"), help: "A descriptor whose end of file stops the stack in order.")
    var lifeline: Int32?

    @Flag(help: "Start nothing: end what a daemon that was killed left running, and then itself.")
    var endLeftovers = false

    @Argument(help: "The services to start with what they depend on; all where none is named.")
    var services: [String] = []

    /// How long the end waits, once everything has stopped, for clients that are still being answered.
    private static let patience = Duration.seconds(5)

    func run() throws {
        do {
            // Before there is any other thread, so that none of them takes a signal.
            try Signals.block(StackRunner.signalNumbers)
            // And none of them reads the environment while this changes it.
            let inherited = ServiceManager.takeDescriptors()
            try run(inheriting: inherited)
        } catch {
            let failure = error as? StartFailure ?? StartFailure(error)
            failure.tell()
            throw failure.status
        }
    }

    private func run(inheriting descriptors: [ServiceManager.Inheritance]) throws {
        let configuration = try readConfiguration()
        let loop = try EventLoop()
        let runner = try StackRunner(configuration, loop: loop, systemd: SystemdLink(readiness: readiness, loop: loop))
        let socket = try Self.controlSocket(among: descriptors, at: configuration.controlSocket)
        serve(ControlService(socket), for: runner, configuration, on: loop)
        // The loop calls the runner, but does not keep it.
        try withExtendedLifetime(runner) { try loop.run() }
    }

    /// The socket that a socket unit has bound, or else one of the daemon's own.
    private static func controlSocket(
        among descriptors: [ServiceManager.Inheritance], at path: String
    ) throws -> ControlSocket {
        for other in descriptors where other.name != "control" {
            DaemonLog.write("descriptor \(other.descriptor), \"\(other.name)\", is of no use here and closed", .warning)
            close(other.descriptor)
        }
        guard let inherited = descriptors.first(where: { $0.name == "control" }) else {
            return try ControlSocket(path: path)
        }
        let socket = try ControlSocket(inherited: inherited.descriptor)
        guard socket.path == path else {
            throw StartFailure(
                "cannot run: the socket unit listens on \(socket.path), where nobody looks for this stack; set its "
                    + "ListenStream= to \(path)", errno: EINVAL)
        }
        return socket
    }

    /// Has the stack started, and serves the control API on a thread of its own.
    private func serve(
        _ service: ControlService, for runner: StackRunner, _ configuration: DaemonConfiguration, on loop: EventLoop
    ) {
        Task { [readyDescriptor, lifeline] in
            do {
                // Clients that connect before wait in the socket's queue: what they are told and ask is of this stack.
                let isStarted = try await runner.start(lifeline: lifeline) {
                    // What a client has asked for may hang on a disk.
                    loop.schedule(after: Self.patience) { loop.stop() }
                    Task {
                        await service.stop()
                        loop.stop()
                    }
                }
                let audit = AuditFile(path: configuration.auditFile)
                guard isStarted, try await service.start(for: runner, configuration.stack.control, audit: audit)
                else { return }
                await runner.setControlSpecHandler { control in Task { await service.update(control) } }
                if let readyDescriptor { Self.reportReady(readyDescriptor) }
            } catch {
                StartFailure(error).tell()
                await service.stop()
                Glibc.exit(EXIT_FAILURE)
            }
        }
    }

    private static func reportReady(_ descriptor: Int32) {
        var one = UInt8(ascii: "1")
        // Whoever waits for it sees the end of file otherwise.
        _ = Glibc.write(descriptor, &one, 1)
        close(descriptor)
    }

    private func readConfiguration() throws(StartFailure) -> DaemonConfiguration {
        // What systemd says to the daemon is no service's to know, not even by ${NOTIFY_SOCKET} in the file.
        let environment = ProcessInfo.processInfo.environment.filter { !ServiceManager.variables.contains($0.key) }
        // As they are read again later: what is relative in them starts from where they are.
        let files = files.map(Self.absolute)
        let result = StackFile.load(files: files, environment: environment, profiles: Set(profiles))
        for diagnostic in result.diagnostics { DaemonLog.writePlain(diagnostic.text) }
        guard let stack = result.spec else {
            throw StartFailure("the stack file is invalid", errno: EINVAL, status: ExitCode(3))
        }
        try checkName(of: stack)
        return DaemonConfiguration(
            stack: stack, files: files, profiles: Set(profiles),
            paths: StackPaths(name: stack.name, environment: environment, uid: geteuid()), controlSocket: socket,
            environment: environment, services: try names(in: stack), onlyEndsLeftovers: endLeftovers)
    }

    /// A unit's name says where the stack's socket and state are; so the file must give the stack the same name.
    private func checkName(of stack: StackSpec) throws(StartFailure) {
        guard let expectedName, expectedName != stack.name else { return }
        throw StartFailure(
            "the stack's name is \"\(stack.name)\" and should be \"\(expectedName)\": "
                + "write \"name: \(expectedName)\" into \(files.joined(separator: ", "))",
            errno: EINVAL, status: ExitCode(3))
    }

    private func names(in stack: StackSpec) throws(StartFailure) -> [ServiceName] {
        var names: [ServiceName] = []
        for service in services {
            guard let name = ServiceName(service), stack[name] != nil else {
                throw StartFailure(
                    "the stack \(stack.name) has no service \"\(service)\"", errno: EINVAL, status: ExitCode(5))
            }
            names.append(name)
        }
        return names
    }

    /// Without following links: the files that the links' names are beside belong to the stack.
    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), path != "-", let directory = getcwd(nil, 0) else { return path }
        defer { free(directory) }
        return "\(String(cString: directory))/\(path)"
    }
}

extension UnitReadiness: ExpressibleByArgument {}
