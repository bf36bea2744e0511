import ArgumentParser
import ControlClient
import ControlProtocol

/// `stackctl rollout`, with a file for each of its verbs.
struct Rollout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow how services are replaced by new revisions, and decide on it.",
        discussion: """
            A rollout begins with "apply", "up" or "restart". It goes on by itself, but where a step of the file pauses \
            it, and goes back by itself where it fails.
            """,
        examples: [
            "stackctl rollout status backend", "stackctl rollout promote backend",
            "stackctl rollout undo backend --to-revision 3",
        ],
        subcommands: [
            Status.self, History.self, Pause.self, Resume.self, Promote.self, Undo.self, CommandKit.Restart.self,
        ])
}

/// Asks something of the rollouts of services, and follows them.
struct RolloutRequest {
    var command: RolloutCommand
    var global: GlobalOptions
    var services: [String]

    /// - Parameters:
    ///   - waiting: whether to return when the rollouts are over.
    ///   - goal: what is waited for, by the services as they were before.
    func run(
        _ waiting: Waiting, until goal: ([ServiceDocument]) -> ProgressGoal = ProgressGoal.rolledOut
    ) async throws {
        let client = try await global.stack.client()
        let all = try await client.services()
        try checkServices(services, among: all.map(\.name))
        let errors = Console(.standardError())
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: all)
        for service in services { _ = try await client.rollout(service, command) }
        var outcome = ServiceWait.Outcome.reached
        let wait = ServiceWait(
            client: client, goal: goal(all.filter { services.contains($0.name) }), selection: Set(services),
            timeout: waiting.timeout, display: display)
        if waiting.isWanted { outcome = try await wait.run() }
        try await show(from: client)
        try await outcome.check(for: wait, errors: errors)
    }

    /// For programs, what came of it.
    private func show(from client: ControlClient) async throws {
        guard global.common.output == .json else { return }
        let named = try await client.services().filter { services.contains($0.name) }
        try TextOutput.standardOutput().writeLine(JSONText.document(named.map(RolloutStatusDocument.init)))
    }
}

extension RolloutStatusDocument {
    init(_ service: ServiceDocument) {
        self.init(service: service.name, rollout: service.rollout, history: service.history)
    }
}
