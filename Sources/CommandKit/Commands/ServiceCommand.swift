import ArgumentParser
import ControlClient
import ControlProtocol

/// What `start`, `stop` and `restart` have in common: they ask for an action, and wait until it is done.
struct ServiceCommand {
    var action: ServiceAction
    var global: GlobalOptions
    var waiting: Waiting
    var services: [String]
    /// `restart`: without a rollout.
    var isAtOnce = false

    func run() async throws {
        let client = try await global.stack.client()
        let before = try await client.services()
        try checkServices(services, among: before.map(\.name))
        let errors = Console(.standardError())
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: before)
        let accepted = try await client.perform(action, services: services, grace: waiting.grace, atOnce: isAtOnce)
        guard waiting.isWanted else { return }
        let wait = ServiceWait(
            client: client, goal: goal(before: before), selection: Set(accepted.services), timeout: waiting.timeout,
            display: display)
        try await wait.run().check(for: wait, errors: errors)
    }

    private func goal(before: [ServiceDocument]) -> ProgressGoal {
        switch action {
        case .start: .running
        case .stop: .stopped
        case .restart: .replacing(before)
        }
    }
}
