import ArgumentParser
import ControlClient
import ControlProtocol

struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the running stack what its files say now, and wait until it is.",
        discussion: """
            Services that did not change are not touched. With a plan's hash, or the beginning of it, nothing is done \
            unless that is still the plan. --output json prints what is done as "plan" does.

            A service that runs is replaced by a rollout. Where that fails and what was before is back, the exit \
            status is 7; where it stands still, 1. A rollout that pauses until it is promoted is waited for, as long \
            as --timeout allows. Ctrl-C ends the waiting, not the rollout.
            """,
        examples: [
            "stackctl apply", "stackctl apply 5f2c9a", "stackctl reload --no-wait", "stackctl apply --timeout 10m",
        ], aliases: ["reload"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitingOptions

    @Flag(name: .customLong("now"), help: "Stop what has changed, then start it, without rollouts.")
    var isAtOnce = false

    @Argument(help: "The hash that \"plan\" has shown; none means whatever the plan is.")
    var plan: String?

    func run() async throws {
        let change = try await global.stack.change(errors: Console(.standardError()))
        guard let begun = try await begin(change), waiting.wait else { return }
        try await change.wait(for: begun, timeout: waiting.timeout?.duration)
    }

    /// Tells what is being done; nil where that is nothing.
    private func begin(_ change: StackChange) async throws -> BegunChange? {
        guard let plan else {
            let begun = try await change.applyAll(atOnce: isAtOnce)
            try show(begun.plan)
            return begun
        }
        let current = try await change.plan()
        if plan.isEmpty || !current.plan.hasPrefix(plan) {
            throw ControlClientError.problem(.planChanged(to: current.plan))
        }
        guard !current.isEmpty else {
            try show(current)
            return nil
        }
        let begun = try await change.apply(current, atOnce: isAtOnce)
        try show(begun.plan)
        return begun
    }

    private func show(_ plan: PlanDocument) throws {
        let output = TextOutput.standardOutput()
        switch global.common.output {
        case .json: try output.writeLine(JSONText.document(plan))
        case .table: try output.write(plan)
        }
    }
}
