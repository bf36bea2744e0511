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
            SIGTERM, SIGINT and SIGHUP stop the stack in order, a second one at once; SIGQUIT stops it at once.
            """)

    @Option(name: [.customShort("f"), .customLong("file")], help: "A stack file; later ones over earlier ones.")
    var files: [String] = ["stack.yaml"]

    @Option(name: .customLong("profile"), help: "A profile whose services belong to the stack too.")
    var profiles: [String] = []

    @Option(help: "The control socket, where it is not the stack's usual one.")
    var socket: String?

    @Option(name: .customLong("ready-fd"), help: "A descriptor that gets a byte when the control socket is served.")
    var readyDescriptor: Int32?

    @Option(name: .customLong("lifeline"), help: "A descriptor whose end of file stops the stack in order.")
    var lifeline: Int32?

    @Flag(help: "Start nothing: end what a daemon that was killed left running, and then itself.")
    var endLeftovers = false

    @Argument(help: "The services to start with what they depend on; all where none is named.")
    var services: [String] = []

    func run() throws {
        // Before there is any other thread, so that none of them takes a signal.
        try Signals.block(StackRunner.signalNumbers)
        let configuration = try readConfiguration()
        let loop = try EventLoop()
        let runner: StackRunner
        let service: ControlService
        do {
            runner = try StackRunner(configuration, loop: loop)
            service = ControlService(try ControlSocket(path: configuration.controlSocket))
        } catch {
            DaemonLog.write("cannot run: \(error)")
            throw ExitCode.failure
        }
        serve(service, for: runner, on: loop)
        // The loop calls the runner, but does not keep it.
        try withExtendedLifetime(runner) { try loop.run() }
    }

    /// Has the stack started, and serves the control API on a thread of its own.
    private func serve(_ service: ControlService, for runner: StackRunner, on loop: EventLoop) {
        Task { [readyDescriptor, lifeline] in
            do {
                // Clients that connect before wait in the socket's queue: what they are told and ask is of this stack.
                let isStarted = try await runner.start(lifeline: lifeline) {
                    Task {
                        await service.stop()
                        loop.stop()
                    }
                }
                guard isStarted, try await service.start(for: runner) else { return }
                if let readyDescriptor { Self.reportReady(readyDescriptor) }
            } catch {
                DaemonLog.write("cannot run: \(error)")
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

    private func readConfiguration() throws -> DaemonConfiguration {
        let environment = ProcessInfo.processInfo.environment
        let result = StackFile.load(files: files, environment: environment, profiles: Set(profiles))
        for diagnostic in result.diagnostics { DaemonLog.writePlain(diagnostic.text) }
        guard let stack = result.spec else { throw ExitCode(3) }
        var names: [ServiceName] = []
        for service in services {
            guard let name = ServiceName(service), stack.services.contains(where: { $0.name == name }) else {
                DaemonLog.write("the stack \(stack.name) has no service \"\(service)\"")
                throw ExitCode(5)
            }
            names.append(name)
        }
        return DaemonConfiguration(
            stack: stack, files: files.map(Self.absolute),
            paths: StackPaths(name: stack.name, environment: environment, uid: geteuid()), controlSocket: socket,
            environment: environment, services: names, onlyEndsLeftovers: endLeftovers)
    }

    private static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
