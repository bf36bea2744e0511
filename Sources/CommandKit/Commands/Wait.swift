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

    @Argument(help: "The services.")
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
        switch aim {
        case .exit:
            return try await waitForExits(client)
        case .ready:
            let wait = ServiceWait(
                client: client, goal: .running, selection: Set(services), timeout: timeout?.duration,
                display: ProgressDisplay(console: errors, patience: WaitingOptions.patience))
            try await wait.run().check(for: wait, errors: errors)
            return .done
        }
    }

    private func waitForExits(_ client: ControlClient) async throws -> CommandStatus {
        let output = TextOutput.standardOutput()
        let format = global.common.output
        let exits: [[ReplicaDocument]]? = try await withDeadline(timeout?.duration) {
            var told: Set<String> = []
            for try await all in ServiceSnapshots(client: client) {
                let replicas = services.map { name in all.first { $0.name == name }?.replicas ?? [] }
                for replica in replicas.joined() where replica.isAtRest && told.insert(replica.name).inserted {
                    if format == .table { try output.writeLine(replica.ending) }
                }
                if replicas.joined().allSatisfy(\.isAtRest) { return replicas }
            }
            throw ControlClientError.disconnected
        }
        guard let exits else {
            throw CommandFailure(
                .timedOut, "the time is up, and something of \(services.joined(separator: ", ")) still runs",
                advice: "\"stackctl ps\" shows what")
        }
        if format == .json { try output.writeLine(JSONText.document(Array(exits.joined()))) }
        return exits.joined().map(\.exitStatus).first { $0 != .done } ?? .done
    }
}
