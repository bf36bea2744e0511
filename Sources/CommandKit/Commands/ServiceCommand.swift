import ArgumentParser
import ControlClient
import ControlProtocol

/// What `start`, `stop` and `restart` have in common: they ask for an action, and wait until it is done.
struct ServiceCommand {
    var action: ServiceAction
    var global: GlobalOptions
    var waiting: Waiting
    var services: [String]

    func run() async throws {
        let client = try await global.stack.client()
        let before = try await client.services()
        try checkServices(services, among: before.map(\.name))
        let errors = Console(.standardError())
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: before)
        let accepted = try await client.perform(action, services: services)
        guard waiting.isWanted else { return }
        let wait = ServiceWait(
            client: client, goal: goal(before: before), selection: Set(accepted.services), timeout: waiting.timeout,
            display: display)
        try await outcome(of: wait).check(for: wait, errors: errors)
    }

    private func outcome(of wait: ServiceWait) async throws -> ServiceWait.Outcome {
        guard let grace = waiting.grace else { return try await wait.run() }
        let limit = GraceLimit(client: wait.client, grace: grace, selection: wait.selection)
        return try await limit.enforced { try await wait.run() }
    }

    private func goal(before: [ServiceDocument]) -> ProgressGoal {
        switch action {
        case .start: .running
        case .stop: .stopped
        case .restart: .replacing(before)
        }
    }
}
