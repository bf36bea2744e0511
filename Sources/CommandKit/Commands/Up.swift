import ArgumentParser
import ControlClient
import ControlProtocol
import StackModel

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the stack, follow its output, and stop it in order on Ctrl-C.",
        discussion: """
            Where the stack runs already, what its files say by now is applied first: services that did not change are \
            not touched. With -d or --wait the stack is left running.
            """,
        examples: [
            "stackctl up", "stackctl up -d --wait --wait-timeout 90s",
            "stackctl up --exit-code-from tests --no-log-prefix", "stackctl up --scale backend=3 --watch",
        ])

    @OptionGroup var global: GlobalOptions

    @Flag(name: [.customShort("d"), .customLong("detach")], help: "Leave the stack running in the background.")
    var isDetached = false

    @Flag(name: .customLong("wait"), help: "Return when every service is ready or has completed; implies -d.")
    var waits = false

    @Option(help: ArgumentHelp("How long --wait waits, as in 90s; without it, without limit.", valueName: "duration"))
    var waitTimeout: DurationArgument?

    @OptionGroup var abort: AbortOptions

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Run so many replicas of a service; may be given several times.", valueName: "service=number"),
        completion: .services)
    var scale: [ScaleArgument] = []

    @Flag(name: .customLong("watch"), help: "Restart services whose watched files change, as \"watch\" does.")
    var watchesFiles = false

    @OptionGroup var compose: ComposeHabits.RemoveOrphans

    @Flag(help: "Without colours; also NO_COLOR.")
    var noColor = false

    @Flag(help: "Without the service's name before each line.")
    var noLogPrefix = false

    @Flag(help: "With the time before each line.")
    var timestamps = false

    @Argument(help: "The services to start, with what they depend on; none means all.", completion: .services)
    var services: [String] = []

    private var leavesRunning: Bool { isDetached || waits }

    func validate() throws {
        if waitTimeout != nil, !waits { throw ValidationError("--wait-timeout needs --wait.") }
        if leavesRunning, abort.isAskedFor {
            throw ValidationError(
                "-d and --wait leave the stack running: they exclude --abort-on-… and --exit-code-from.")
        }
        if leavesRunning, watchesFiles {
            throw ValidationError("--watch needs the foreground; \"stackctl watch\" does it for a stack that runs.")
        }
    }

    func run() async throws {
        let start = Timestamp.now()
        let stack = try global.stack.load()
        if stack.files.contains("-") {
            throw CommandFailure(
                .usage, "the daemon cannot read the stack file from standard input", advice: "write it to a file")
        }
        let known = stack.spec.services.map(\.name.text)
        try checkServices(services + scale.map(\.service) + abort.services, among: known)
        let client = ControlClient(socketPath: stack.socketPath)
        let daemon = try await startDaemon(of: stack, client: client)
        for target in scale { _ = try await client.scale(target.service, to: target.replicas) }
        if leavesRunning {
            try await leaveRunning(stack, client: client)
        } else {
            let status = await session(for: stack, client: client, daemon: daemon, start: start).run()
            if status != .done { throw status }
        }
    }

    /// A new daemon; nil where one runs already, which is then asked to run what the files say now.
    private func startDaemon(of stack: LoadedStack, client: ControlClient) async throws -> LaunchedDaemon? {
        let running = try await ifDaemonListens { () throws(ControlClientError) in try await client.stack() }
        if let running {
            try await change(running, to: stack, client: client)
            return nil
        }
        let launch = DaemonLaunch(
            executable: try DaemonExecutable.path(environment: processEnvironment()), files: stack.files,
            profiles: stack.profiles, services: services, socket: stack.customSocket,
            logPath: stack.paths.daemonLog, endsWithThisProcess: !leavesRunning)
        return try await launch.start()
    }

    private func change(_ running: StackDocument, to stack: LoadedStack, client: ControlClient) async throws {
        try stack.checkIsSame(as: running)
        let errors = Console(.standardError(isColourDeclined: noColor))
        let change = StackChange(client: client, variables: stack.variables, errors: errors)
        let plan = try await change.plan()
        try stack.checkIsWhole(in: plan)
        let others = services.isEmpty ? [] : Set(plan.touched).subtracting(stack.needed(for: services))
        if !others.isEmpty {
            let names = others.sorted().joined(separator: ", ")
            try await errors.print(
                "the files have changed for \(names) too, which \"up \(services.joined(separator: " "))\" does not "
                    + "touch: nothing is changed; \"stackctl apply\" changes all of it")
        } else if !plan.isEmpty {
            let lines = PlanLines(palette: errors.output.palette, width: errors.output.size?.columns).lines(for: plan)
            for line in lines { try await errors.print(line) }
            try await change.apply(plan, waits: false)
        }
        _ = try await client.perform(.start, services: services)
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
            remarks: isTogether ? output : Console(.standardError(isColourDeclined: noColor)), start: start,
            rule: abort.rule(start: start), watchesFiles: watchesFiles)
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

extension LoadedStack {
    /// The services and all that they depend on.
    fileprivate func needed(for names: [String]) -> Set<String> {
        var result: Set<String> = []
        var rest = names
        while let name = rest.popLast() {
            guard result.insert(name).inserted else { continue }
            rest += spec.services.first { $0.name.text == name }?.dependencies.map(\.service.text) ?? []
        }
        return result
    }
}
