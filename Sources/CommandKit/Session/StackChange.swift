import ControlClient
import ControlProtocol
import StackModel

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
        try await apply(plan.plan, waits: waits, timeout: timeout) { _ in }
    }

    /// Carries out whatever there is to do and tells what that is. In one request, so that the daemon knows of a file
    /// that is refused as of a change that has failed, and tells systemd.
    func applyAll(waits: Bool, timeout: Duration?, tell: (PlanDocument) throws -> Void) async throws {
        try await apply(nil, waits: waits, timeout: timeout, tell: tell)
    }

    private func apply(
        _ hash: String?, waits: Bool, timeout: Duration?, tell: (PlanDocument) throws -> Void
    ) async throws {
        let before = try await client.services()
        let plan = try await client.apply(plan: hash, environment: variables)
        // Those of a plan that was asked for were told with it.
        if hash == nil { for warning in plan.warnings { try await errors.print(warning) } }
        try tell(plan)
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: before)
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

/// A daemon reads the files and profiles that it was started with, whatever a command names.
extension LoadedStack {
    func isSame(as running: StackDocument) -> Bool {
        running.files.map(canonicalPath) == files.map(canonicalPath)
    }

    /// - Throws: `CommandFailure` where the stack that runs under the name was made of other files.
    func checkIsSame(as running: StackDocument) throws(CommandFailure) {
        guard !isSame(as: running) else { return }
        throw CommandFailure(
            .failed, "\(name) runs already, from \(running.files.joined(separator: ", "))",
            advice: "\"stackctl down\" stops it; or give this one another name")
    }

    /// - Throws: `CommandFailure` where the plan leaves out services, as those of a profile that the daemon lacks.
    func checkIsWhole(in plan: PlanDocument) throws(CommandFailure) {
        let missing = Set(spec.services.map(\.name.text)).subtracting(plan.changes.map(\.service)).sorted()
        guard !missing.isEmpty else { return }
        throw CommandFailure(
            .failed, "\(name) runs already, without the profile of \(missing.joined(separator: ", "))",
            advice: "\"stackctl down\" stops it; then \"stackctl --profile … up\" starts all of it")
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
