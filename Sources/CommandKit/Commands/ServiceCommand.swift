import ArgumentParser
import ControlClient
import ControlProtocol

/// What `start`, `stop` and `restart` have in common: they ask for an action, and wait until it is done.
struct ServiceCommand {
    var action: ServiceAction
    var global: GlobalOptions
    var waiting: WaitingOptions
    var services: [String]

    func run() async throws {
        let client = try global.stack.client()
        let before = try await client.services()
        try checkServices(services, among: before.map(\.name))
        let errors = Console(.standardError())
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: before)
        let accepted = try await client.perform(action, services: services)
        let wait = ServiceWait(
            client: client, goal: goal(before: before), selection: Set(accepted.services),
            timeout: waiting.timeout?.duration, display: display)
        try await wait.run().check(for: wait, errors: errors)
    }

    private func goal(before: [ServiceDocument]) -> ProgressGoal {
        switch action {
        case .start:
            return .running
        case .stop:
            return .stopped
        case .restart:
            let instances = before.flatMap(\.replicas).compactMap { replica in
                replica.instance.map { (replica.name, $0) }
            }
            return .replaced(Dictionary(instances) { first, _ in first })
        }
    }
}
