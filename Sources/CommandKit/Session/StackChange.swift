import ControlClient
import ControlProtocol
import StackModel

/// Making a running stack what its files say, as `apply` and `up` do it.
struct StackChange {
    var client: ControlClient
    /// What fills the files' variables in.
    var variables: [String: String]
    var errors: Console
    /// Whether this process has told the files' own warnings already.
    var hasToldFiles = false

    /// What is to be done; its warnings are told.
    func plan() async throws -> PlanDocument {
        let plan = try await client.plan(environment: variables)
        try await tell(plan.warnings)
        return plan
    }

    private func tell(_ warnings: [String]) async throws {
        for warning in warnings where !(hasToldFiles && warning.contains(": warning: ")) {
            try await errors.print(errors.output.palette(.yellow, warning))
        }
    }

    /// Begins to carry out exactly that plan.
    func apply(_ plan: PlanDocument, atOnce: Bool = false) async throws -> BegunChange {
        try await begin(plan.plan, atOnce: atOnce)
    }

    /// Begins to carry out whatever there is to do. In one request, so that the daemon knows of a file that is refused
    /// as of a change that has failed, and tells systemd.
    func applyAll(atOnce: Bool = false) async throws -> BegunChange {
        let change = try await begin(nil, atOnce: atOnce)
        // Those of a plan that was asked for were told with it.
        try await tell(change.plan.warnings)
        return change
    }

    private func begin(_ hash: String?, atOnce: Bool) async throws -> BegunChange {
        let before = try await client.services()
        let plan = try await client.apply(plan: hash, environment: variables, atOnce: atOnce)
        return BegunChange(plan: plan, before: before)
    }

    /// Returns when what was begun is done.
    func wait(for change: BegunChange, timeout: Duration?) async throws {
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: change.before)
        for (goal, services) in [(ProgressGoal.stopped, change.leaving), (change.goal, change.arriving)]
        where !services.isEmpty {
            let wait = ServiceWait(client: client, goal: goal, selection: services, timeout: timeout, display: display)
            try await wait.run().check(for: wait, errors: errors)
        }
    }
}

/// A plan that is being carried out.
struct BegunChange {
    var plan: PlanDocument
    /// The services before.
    var before: [ServiceDocument]

    /// The services that stop for good.
    var leaving: Set<String> { plan.services(that: [.stop]) }

    /// The services that are to be there in the end.
    var arriving: Set<String> {
        plan.services(that: [.live, .rolling, .restart, .start]).union(plan.changes.flatMap(\.restarted))
    }

    /// What they are to become. Those that are only restarted after others may never be, if that fails.
    var goal: ProgressGoal {
        let replaced = plan.services(that: [.rolling, .restart])
        let restarted = Set(plan.changes.flatMap(\.restarted)).subtracting(replaced)
        return .replacing(
            before.filter { replaced.contains($0.name) }, perhaps: before.filter { restarted.contains($0.name) })
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
