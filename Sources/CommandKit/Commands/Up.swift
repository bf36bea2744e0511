import ArgumentParser
import ControlClient
import ControlProtocol
import StackModel

struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the stack, follow its output, and stop it in order on Ctrl-C.",
        discussion: """
            Where the stack runs already, what its files say by now is applied first, as "apply" does it: services \
            that did not change are not touched. With -d or --wait the stack is left running; the exit status of \
            --wait is 7 where what was applied was rolled back.
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
        completion: .services, transform: ScaleArgument.init)
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
        try checkServices(services + abort.services, among: known)
        try scale.check(
            among: known, scheduled: stack.spec.services.filter { $0.schedule != nil }.map(\.name.text))
        let client = ControlClient(socketPath: stack.socketPath)
        let beginning = try await begin(stack, client: client)
        for target in scale { _ = try await client.scale(target.service, to: target.replicas) }
        if leavesRunning {
            try await leaveRunning(stack, beginning, client: client)
        } else {
            let status = await session(for: stack, client: client, beginning, start: start).run()
            if status != .done { throw status }
        }
    }

    /// Starts a daemon, or asks the one that runs already to run what the files say now.
    private func begin(_ stack: LoadedStack, client: ControlClient) async throws -> Beginning {
        let running = try await ifDaemonListens { () throws(ControlClientError) in try await client.stack() }
        if let running { return try await change(running, to: stack, client: client) }
        let launch = DaemonLaunch(
            executable: try DaemonExecutable.path(environment: processEnvironment()), files: stack.files,
            profiles: stack.profiles, services: services, socket: stack.customSocket,
            logPath: stack.paths.daemonLog, endsWithThisProcess: !leavesRunning)
        let daemon = try await launch.start()
        // What of the file does not hold on this host. Whether anything comes of the start is told otherwise.
        _ = try? await change(of: stack, client: client).plan()
        return .launched(daemon)
    }

    private func change(of stack: LoadedStack, client: ControlClient) -> StackChange {
        StackChange(
            client: client, variables: stack.variables, errors: Console(.standardError(isColourDeclined: noColor)),
            hasToldFiles: true)
    }

    private func change(
        _ running: StackDocument, to stack: LoadedStack, client: ControlClient
    ) async throws -> Beginning {
        try stack.checkIsSame(as: running)
        let change = change(of: stack, client: client)
        let errors = change.errors
        let plan = try await change.plan()
        try stack.checkIsWhole(in: plan)
        let wanted = services.isEmpty ? Set(stack.spec.services.map(\.name.text)) : stack.needed(for: services)
        let before = try await client.services().filter { wanted.contains($0.name) }
        let isStart = !scale.isEmpty || before.contains { $0.desired == .stopped }
        var beginning = isStart ? Beginning.started : .found
        let others = services.isEmpty ? [] : Set(plan.touched).subtracting(wanted)
        if !others.isEmpty {
            let names = others.sorted().joined(separator: ", ")
            try await errors.print(
                "the files have changed for \(names) too, which \"up \(services.joined(separator: " "))\" does not "
                    + "touch: nothing is changed; \"stackctl apply\" changes all of it")
        } else if !plan.isEmpty {
            let lines = PlanLines(palette: errors.output.palette, width: errors.output.size?.columns).lines(for: plan)
            for line in lines { try await errors.print(line) }
            beginning = .changed(try await change.apply(plan).goal)
        }
        _ = try await client.perform(.start, services: services)
        return beginning
    }

    private func session(
        for stack: LoadedStack, client: ControlClient, _ beginning: Beginning, start: Timestamp
    ) -> AttachedSession {
        let output = Console(.standardOutput(isColourDeclined: noColor))
        let isTogether = output.output.isTerminal && global.common.output == .table
        let format = LogPrinter.Format(
            output: global.common.output, hasPrefix: !noLogPrefix, hasTime: timestamps)
        return AttachedSession(
            stack: stack.name, client: client, daemon: beginning.daemon, goal: beginning.goal, services: services,
            format: format, output: output,
            remarks: isTogether ? output : Console(.standardError(isColourDeclined: noColor)), start: start,
            rule: abort.rule(start: start), watchesFiles: watchesFiles)
    }

    private func leaveRunning(_ stack: LoadedStack, _ beginning: Beginning, client: ControlClient) async throws {
        let errors = Console(.standardError(isColourDeclined: noColor))
        guard waits else {
            return try await errors.print("\(stack.name) \(beginning.words)")
        }
        let wait = ServiceWait(
            client: client, goal: beginning.goal, selection: nil, timeout: waitTimeout?.duration,
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
            guard let service = spec.services.first(where: { $0.name.text == name }) else { continue }
            rest += service.dependencies.map(\.service.text)
            // What stands in front of it is part of it.
            if !service.routes.isEmpty { rest.append(ServiceName.router.text) }
        }
        return result
    }
}
