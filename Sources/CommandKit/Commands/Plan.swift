import ArgumentParser
import ControlClient
import ControlProtocol

struct Plan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what applying the stack files as they are now would do, and why.",
        discussion: """
            Each service is marked: + starts, - stops, ~ changes without a restart, +/- is replaced by a rollout, -/+ \
            is stopped and started. A plan with conflicts, such as a port that something else has, cannot be applied: \
            the exit status is 1.

            --output json prints an object: plan (its hash), changes (service, kind, differences, dependents, \
            restarted, memory), conflicts, control, warnings, event.
            """,
        examples: [
            "stackctl plan", "stackctl plan --detailed-exitcode || echo 'there is something to apply'",
            "stackctl apply $(stackctl plan --output json | jq -r .plan)",
        ])

    @OptionGroup var global: GlobalOptions

    @Flag(help: "As Terraform has it: exit status 0 means that nothing is to be done, and 2 that something is.")
    var detailedExitcode = false

    func run() async throws {
        let change = try await global.stack.change(errors: Console(.standardError()))
        let plan = try await change.plan()
        let output = TextOutput.standardOutput()
        switch global.common.output {
        case .json:
            try output.writeLine(JSONText.document(plan))
        case .table:
            try output.write(plan)
            if !plan.isEmpty, plan.conflicts.isEmpty {
                try output.writeLine("\"stackctl apply \(plan.plan)\" does exactly this")
            }
        }
        if !plan.conflicts.isEmpty { throw CommandStatus.failed }
        if detailedExitcode, !plan.isEmpty { throw CommandStatus.usage }
    }
}

extension TextOutput {
    func write(_ plan: PlanDocument) throws(OutputFailure) {
        let lines = PlanLines(palette: palette, width: size?.columns).lines(for: plan)
        for line in lines { try writeLine(line) }
    }
}

extension StackSelection {
    /// For a change of the stack the files must be in order; where only a socket is known, the daemon knows its files.
    func change(errors: Console) async throws -> StackChange {
        guard let stack = try stackIfFound() else {
            return StackChange(client: try await client(), variables: [:], errors: errors)
        }
        let client = ControlClient(socketPath: stack.socketPath)
        let running = try await client.stack()
        // Whoever names a socket need not be where its stack's files are.
        if socket != nil, files.isEmpty, !stack.isSame(as: running) {
            return StackChange(client: client, variables: [:], errors: errors)
        }
        try stack.checkIsSame(as: running)
        let change = StackChange(client: client, variables: stack.variables, errors: errors)
        if !stack.profiles.isEmpty { try stack.checkIsWhole(in: try await change.plan()) }
        return change
    }
}
