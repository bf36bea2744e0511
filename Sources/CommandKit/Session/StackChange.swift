import ControlClient
import ControlProtocol

/// Making a running stack what its files say, as `apply` and `up` do it.
struct StackChange {
    var client: ControlClient
    /// What fills the files' variables in.
    var variables: [String: String]
    var errors: Console

    /// What is to be done; the files' warnings are told.
    func plan() async throws -> PlanDocument {
        let plan = try await client.plan(environment: variables)
        for warning in plan.warnings { try await errors.print(warning) }
        return plan
    }

    /// Carries out exactly that plan, and, where `waits`, returns when it is done.
    func apply(_ plan: PlanDocument, waits: Bool, timeout: Duration? = nil) async throws {
        let before = try await client.services()
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: before)
        _ = try await client.apply(plan: plan.plan, environment: variables)
        guard waits else { return }
        let leaving = plan.services(that: [.stop])
        let arriving = plan.services(that: [.live, .restart, .start])
        let restarting = plan.services(that: [.restart])
        let replaced = ProgressGoal.replacing(before.filter { restarting.contains($0.name) })
        for (goal, services) in [(ProgressGoal.stopped, leaving), (replaced, arriving)] where !services.isEmpty {
            let wait = ServiceWait(client: client, goal: goal, selection: services, timeout: timeout, display: display)
            try await wait.run().check(for: wait, errors: errors)
        }
    }
}

extension PlanDocument {
    /// The services to which one of these happens.
    fileprivate func services(that kinds: Set<Change.Kind>) -> Set<String> {
        Set(changes.filter { kinds.contains($0.kind) }.map(\.service))
    }

    /// The services that are touched.
    var touched: [String] { changes.filter { $0.kind != .none }.map(\.service) }
}
