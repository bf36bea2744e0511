import ArgumentParser
import ControlClient
import ControlProtocol

extension Rollout {
    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show how far rollouts are, and follow them until they are done.",
            discussion: """
                Exit status: 0 where the last rollout is done, 7 where what was before is back, 1 where it has failed \
                and stands still, 6 where the time is up; with --no-wait 0 also while it goes on.

                --output json prints an array with an object for each service, at the end: service, rollout (where one \
                is under way or has failed), history (its revisions, the newest first).
                """,
            examples: [
                "stackctl rollout status", "stackctl rollout status backend --timeout 5m",
                "stackctl rollout status --no-wait --output json | jq '.[].rollout.phase'",
            ])

        @OptionGroup var global: GlobalOptions
        @OptionGroup var waiting: WaitingOptions

        @Option(help: ArgumentHelp("As kubectl has it: false is --no-wait.", valueName: "true|false"))
        var watch = true

        @Argument(help: "The services; none means all that have been rolled out.", completion: .services)
        var services: [String] = []

        private var waits: Bool { waiting.wait && watch }

        func run() async throws {
            let client = try await global.stack.client()
            let all = try await client.services()
            try checkServices(services, among: all.map(\.name))
            let meant = all.filter { services.isEmpty ? $0.hasRollouts : services.contains($0.name) }
            let output = TextOutput.standardOutput()
            if global.common.output == .table { try show(meant, on: output) }
            let console = Console(global.common.output == .table ? output : .standardError())
            let wait = ServiceWait(
                client: client, goal: .rolledOut(meant), selection: Set(meant.map(\.name)),
                timeout: waiting.timeout?.duration, display: ProgressDisplay(console: console))
            await wait.display.begin(with: all)
            let outcome = waits ? try await wait.run() : wait.verdict(on: all) ?? .reached
            if global.common.output == .json {
                let names = wait.selection ?? []
                let last = try await client.services().filter { names.contains($0.name) }
                try output.writeLine(JSONText.document(last.map(RolloutStatusDocument.init)))
            }
            try await outcome.check(for: wait, errors: Console(.standardError()))
        }

        private func show(_ services: [ServiceDocument], on output: TextOutput) throws {
            if services.isEmpty { try output.writeLine("no service has been rolled out since it was first started") }
            let lines = RolloutLines(palette: output.palette, width: output.size?.columns, now: .now())
            for line in services.flatMap(lines.lines) { try output.writeLine(line) }
        }
    }
}

extension ServiceDocument {
    /// More than its first start.
    fileprivate var hasRollouts: Bool { rollout != nil || history.count > 1 }
}
