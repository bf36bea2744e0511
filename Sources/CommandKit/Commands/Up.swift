import ArgumentParser
import ControlClient
import ControlProtocol
import StackModel

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the stack, follow its output, and stop it in order on Ctrl-C.")

    @OptionGroup var global: GlobalOptions

    @Flag(name: [.customShort("d"), .customLong("detach")], help: "Leave the stack running in the background.")
    var isDetached = false

    @Flag(name: .customLong("wait"), help: "Return when every service is ready or has completed; implies -d.")
    var waits = false

    @Option(help: ArgumentHelp("How long --wait waits, as in 90s; without it, without limit.", valueName: "duration"))
    var waitTimeout: DurationArgument?

    @Flag(help: "Without colours; also NO_COLOR.")
    var noColor = false

    @Flag(help: "Without the service's name before each line.")
    var noLogPrefix = false

    @Flag(help: "With the time before each line.")
    var timestamps = false

    @Argument(help: "The services to start, with what they depend on; none means all.")
    var services: [String] = []

    func validate() throws {
        if waitTimeout != nil, !waits { throw ValidationError("--wait-timeout needs --wait.") }
    }

    func run() async throws {
        let start = Timestamp.now()
        let stack = try global.stack.load()
        if stack.files.contains("-") {
            throw CommandFailure(
                .usage, "the daemon cannot read the stack file from standard input", advice: "write it to a file")
        }
        try checkServices(services, among: stack.spec.services.map(\.name.text))
        let client = ControlClient(socketPath: stack.socketPath)
        let daemon = try await startDaemon(of: stack, client: client)
        if isDetached || waits {
            try await leaveRunning(stack, client: client)
        } else {
            let status = await session(for: stack, client: client, daemon: daemon, start: start).run()
            if status != .done { throw status }
        }
    }

    /// A new daemon; nil where one runs already, which is then asked to start the services.
    private func startDaemon(of stack: LoadedStack, client: ControlClient) async throws -> LaunchedDaemon? {
        let accepted = try await ifDaemonListens { () throws(ControlClientError) in
            try await client.perform(.start, services: services)
        }
        guard accepted == nil else {
            try await tellChanges(of: stack, client: client)
            return nil
        }
        let launch = DaemonLaunch(
            executable: try DaemonExecutable.path(environment: processEnvironment()), files: stack.files,
            profiles: stack.profiles, services: services, socket: stack.customSocket,
            logPath: stack.paths.daemonLog, endsWithThisProcess: !isDetached && !waits)
        return try await launch.start()
    }

    /// A stack that runs goes on as it was started, whatever its file says by now.
    private func tellChanges(of stack: LoadedStack, client: ControlClient) async throws {
        let running = Dictionary(
            try await client.services().map { ($0.name, $0.revision) }, uniquingKeysWith: { first, _ in first })
        let specs = stack.spec.services
        let changed = specs.filter { running[$0.name.text] != $0.revision.text }.map(\.name.text)
        let gone = running.keys.filter { name in !specs.contains { $0.name.text == name } }
        let names = (changed + gone).sorted()
        guard !names.isEmpty else { return }
        try await Console(.standardError(isColourDeclined: noColor)).print(
            "the file has changed since \(stack.name) was started (\(names.joined(separator: ", "))); "
                + "what runs is as it was: \"stackctl down\", then \"stackctl up\", to use it")
    }

    private func session(
        for stack: LoadedStack, client: ControlClient, daemon: LaunchedDaemon?, start: Timestamp
    ) -> AttachedSession {
        let output = Console(.standardOutput(isColourDeclined: noColor))
        let isTogether = output.output.isTerminal && global.common.output == .table
        let format = LogPrinter.Format(
            output: global.common.output, hasPrefix: !noLogPrefix, hasTime: timestamps)
        return AttachedSession(
            stack: stack.name, client: client, daemon: daemon, services: services, format: format, output: output,
            remarks: isTogether ? output : Console(.standardError(isColourDeclined: noColor)), start: start)
    }

    private func leaveRunning(_ stack: LoadedStack, client: ControlClient) async throws {
        let errors = Console(.standardError(isColourDeclined: noColor))
        guard waits else {
            try await errors.print("\(stack.name) is starting in the background; \"stackctl ps\" shows how far it is")
            return
        }
        let wait = ServiceWait(
            client: client, goal: .running, selection: nil, timeout: waitTimeout?.duration,
            display: ProgressDisplay(console: errors))
        try await wait.run().check(for: wait, errors: errors)
    }
}
