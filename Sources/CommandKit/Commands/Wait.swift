import ArgumentParser
import ControlClient
import ControlProtocol

struct Wait: AsyncParsableCommand {
    enum Aim: String, CaseIterable, ExpressibleByArgument {
        case exit, ready
    }

    static let configuration = CommandConfiguration(
        abstract: "Wait until services have ended, and exit as they did; or until they are ready.",
        discussion: """
            A service has ended when no process of it runs and none will be started unasked; one with a schedule, \
            when no run of it goes on. The exit status is the first of the services' that is not 0, in the order in \
            which they are named. --output json prints their replicas as "ps" does.
            """,
        examples: [
            "stackctl wait migrate", "stackctl wait --for ready --timeout 90s backend",
            "stackctl up -d && stackctl wait --down tests",
        ])

    @OptionGroup var global: GlobalOptions

    @Option(name: .customLong("for"), help: "What to wait for.")
    var aim = Aim.exit

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("How long to wait, as in 30s; else without limit.", valueName: "duration"))
    var timeout: DurationArgument?

    @Flag(name: [.customLong("down"), .customLong("down-project")], help: "Then stop the stack, and its daemon.")
    var downs = false

    @Argument(help: "The services.", completion: .services)
    var services: [String]

    func run() async throws {
        let client = try await global.stack.client()
        try checkServices(services, among: try await client.services().map(\.name))
        let errors = Console(.standardError())
        let status = try await wait(client, errors)
        if downs { try await StackShutdown(client: client, errors: errors).run() }
        if status != .done { throw status }
    }

    private func wait(_ client: ControlClient, _ errors: Console) async throws -> CommandStatus {
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        switch aim {
        case .exit:
            let exits = try await exits(client, display)
            let output = TextOutput.standardOutput()
            switch global.common.output {
            case .json: try output.writeLine(JSONText.document(exits))
            case .table: for exit in exits { try output.writeLine(exit.ending) }
            }
            return exits.map(\.exitStatus).first { $0 != .done } ?? .done
        case .ready:
            let wait = ServiceWait(
                client: client, goal: .running, selection: Set(services), timeout: timeout?.duration, display: display)
            try await wait.run().check(for: wait, errors: errors)
            return .done
        }
    }

    /// The replicas when all of them are at rest, in the order in which their services are named.
    private func exits(_ client: ControlClient, _ display: ProgressDisplay) async throws -> [ReplicaDocument] {
        await display.begin(with: try await client.services())
        let exits: [ReplicaDocument]? = try await withDeadline(timeout?.duration) {
            for try await all in ServiceSnapshots(client: client) {
                await display.update(all, goal: .stopped, selection: Set(services))
                let replicas = services.flatMap { name in all.first { $0.name == name }?.replicas ?? [] }
                if replicas.allSatisfy(\.isAtRest) { return replicas }
            }
            throw ControlClientError.disconnected
        }
        await display.finish()
        guard let exits else {
            throw CommandFailure(
                .timedOut, "the time is up, and something of \(services.joined(separator: ", ")) still runs",
                advice: "\"stackctl ps\" shows what")
        }
        return exits
    }
}
