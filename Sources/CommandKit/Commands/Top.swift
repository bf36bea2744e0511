import ArgumentParser
import ControlClient
import ControlProtocol

struct Top: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show live what the replicas use and how they fare.",
        discussion: """
            On a terminal the view is live: ? shows its keys, with which services are restarted, stopped, started and \
            scaled, and their output and state are looked into. Elsewhere, and with -n, samples are printed one after \
            the other. CPU is in percent of one processor; FDS are open descriptors, IO/S is from and to disks, WAIT \
            how much of the time a replica lacked processors, memory or disks, OOM how many of its processes the \
            kernel has killed for want of memory.
            """,
        examples: [
            "stackctl top",
            "stackctl top --once backend",
            "stackctl top --output json --interval 5s | jq '.replicas[] | {service, cpu_percent}'",
        ])

    @OptionGroup var global: GlobalOptions

    @Option(
        name: [.customShort("i"), .long], help: ArgumentHelp("The time between two samples.", valueName: "duration"))
    var interval = DurationArgument(.seconds(1))

    @Option(name: [.customShort("n"), .customLong("samples")], help: "Print so many samples, then end.")
    var samples: Int?

    @Flag(help: "Print one sample, then end.")
    var once = false

    @Argument(help: "The services to show; none means all.", completion: .services)
    var services: [String] = []

    /// More often, the daemon would measure itself more than anything else.
    private static let leastInterval = Duration.milliseconds(100)

    func validate() throws {
        guard interval.duration >= Self.leastInterval else {
            throw ValidationError("--interval must be at least 100ms.")
        }
        if let samples, samples < 1 { throw ValidationError("-n must be at least 1.") }
        if samples != nil, once { throw ValidationError("-n and --once exclude each other.") }
    }

    func run() async throws {
        let client = try await global.stack.client()
        let first = try await TopSample.now(from: client)
        try checkServices(services, among: first.services.map(\.name))
        let output = TextOutput.standardOutput()
        let count = once ? 1 : samples
        let isLive = count == nil && global.common.output == .table && processEnvironment()["TERM"] != "dumb"
        guard isLive, let size = TerminalSize.ofUser() else {
            return try await printSamples(count ?? .max, from: client, to: output)
        }
        let names = Set(services)
        let session = try TopSession(
            client: client, interval: interval.duration, services: names, output: output, size: size)
        try await session.run(startingWith: try await TopSample.now(of: names, from: client))
    }

    /// Each over the time since the one before, which the first has too.
    private func printSamples(_ count: Int, from client: ControlClient, to output: TextOutput) async throws {
        var model = TopModel(size: TerminalSize(columns: 0, rows: 0))
        _ = model.take(.sample(try await TopSample.now(of: Set(services), from: client)))
        for number in 0..<count {
            try await Task.sleep(for: interval.duration)
            _ = model.take(.sample(try await TopSample.now(of: Set(services), from: client)))
            switch global.common.output {
            case .json:
                guard let report = TopReport(model) else { return }
                try output.writeLine(JSONText.line(report))
            case .table:
                if number > 0 { try output.writeLine("") }
                try output.write(usageTable(model.rows, now: .now()))
            }
        }
    }
}
