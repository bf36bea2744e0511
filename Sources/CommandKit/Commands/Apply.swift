import ArgumentParser
import ControlClient
import ControlProtocol

struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the running stack what its files say now, and wait until it is.",
        discussion: """
            Services that did not change are not touched. With a plan's hash, or the beginning of it, nothing is done \
            unless that is still the plan. --output json prints what is done as "plan" does.
            """,
        examples: ["stackctl apply", "stackctl apply 5f2c9a", "stackctl reload --no-wait"], aliases: ["reload"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitingOptions

    @Argument(help: "The hash that \"plan\" has shown; none means whatever the plan is.")
    var plan: String?

    func run() async throws {
        let change = try await global.stack.change(errors: Console(.standardError()))
        guard let plan else {
            return try await change.applyAll(waits: waiting.wait, timeout: waiting.timeout?.duration, tell: show)
        }
        let current = try await change.plan()
        if plan.isEmpty || !current.plan.hasPrefix(plan) {
            throw ControlClientError.problem(.planChanged(to: current.plan))
        }
        try show(current)
        guard !current.isEmpty else { return }
        try await change.apply(current, waits: waiting.wait, timeout: waiting.timeout?.duration)
    }

    private func show(_ plan: PlanDocument) throws {
        let output = TextOutput.standardOutput()
        switch global.common.output {
        case .json: try output.writeLine(JSONText.document(plan))
        case .table: try output.write(plan)
        }
    }
}
