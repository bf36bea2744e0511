import ArgumentParser
import ControlClient
import ControlProtocol

struct Scale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run another number of replicas of services.",
        discussion: """
            The number holds until the file says another one, or the service's autoscaler does: that goes on from it. \
            What is scaled to 0 the autoscaler leaves alone, but where its min is 0. For each service it is told who \
            rules now; --output json prints an array: service, scale, scaling (rule, active, minimum, maximum, \
            decision), event.
            """,
        examples: ["stackctl scale backend=4", "stackctl scale --no-wait backend=4 worker=0"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitingOptions

    @Argument(help: ScaleArgument.help, completion: .services, transform: ScaleArgument.init)
    var targets: [ScaleArgument]

    func run() async throws {
        let client = try await global.stack.client()
        let before = try await client.services()
        try targets.check(
            among: before.map(\.name), scheduled: before.filter { $0.schedule != nil }.map(\.name))
        let errors = Console(.standardError())
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: before)
        var scaled: [ScaledDocument] = []
        for target in targets { scaled.append(try await client.scale(target.service, to: target.replicas)) }
        try write(scaled)
        guard waiting.wait else { return }
        let wait = ServiceWait(
            client: client, goal: .running, selection: Set(targets.map(\.service)),
            timeout: waiting.timeout?.duration, display: display)
        try await wait.run().check(for: wait, errors: errors)
    }

    private func write(_ scaled: [ScaledDocument]) throws {
        let output = TextOutput.standardOutput()
        switch global.common.output {
        case .json: try output.writeLine(JSONText.document(scaled))
        case .table:
            for document in scaled {
                try output.writeLine(document.scaling.line(of: document.service, scale: document.scale))
            }
        }
    }
}
