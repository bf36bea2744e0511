import ControlClient
import ControlProtocol
import StackModel

/// Starts what a one-off instance depends on, and waits until the conditions hold.
struct DependencyWait: Sendable {
    var client: ControlClient
    var dependencies: [ServiceDocument.Dependency]
    var errors: Console

    /// - Parameter services: as they are now; what is already as it should be is left alone.
    /// - Throws: `CommandFailure` where a dependency fails, after telling why.
    func run(_ services: [ServiceDocument]) async throws {
        let missing = dependencies.filter { !$0.holds(among: services) }
        guard !missing.isEmpty else { return }
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: services)
        _ = try await client.perform(.start, services: missing.map(\.service))
        let wait = ServiceWait(
            client: client, goal: .running, selection: Set(missing.map(\.service)), timeout: nil, display: display)
        let outcome = try await follow(missing, wait)
        await display.finish()
        try await outcome.check(for: wait, errors: errors)
    }

    private func follow(
        _ missing: [ServiceDocument.Dependency], _ wait: ServiceWait
    ) async throws -> ServiceWait.Outcome {
        for try await services in ServiceSnapshots(client: client) {
            await wait.display.update(services, goal: wait.goal, selection: wait.selection)
            if missing.allSatisfy({ $0.holds(among: services) }) { return .reached }
            if wait.progress(of: services).contains(where: { $0.standing == .failed }) { return .failed(services) }
        }
        return .daemonEnded
    }
}

extension ServiceDocument.Dependency {
    /// Whether what the dependent waits for is so.
    func holds(among services: [ServiceDocument]) -> Bool {
        let replicas = services.first { $0.name == service }?.replicas ?? []
        return switch DependencySpec.Condition(rawValue: condition) {
        case .started: replicas.contains { $0.state == .running || $0.state == .completed }
        case .healthy: replicas.contains(where: \.ready)
        case .completedSuccessfully: !replicas.isEmpty && replicas.allSatisfy { $0.state == .completed }
        case nil: false
        }
    }
}
