import ArgumentParser
import ControlClient
import ControlProtocol

struct Scale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run another number of replicas of services, until another number of the file is applied.",
        examples: ["stackctl scale backend=4", "stackctl scale --no-wait backend=4 worker=0"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitingOptions

    @Argument(
        help: ArgumentHelp("A service and how many replicas of it are to run.", valueName: "service=number"),
        completion: .services)
    var targets: [ScaleArgument]

    func run() async throws {
        let client = try await global.stack.client()
        let before = try await client.services()
        try checkServices(targets.map(\.service), among: before.map(\.name))
        let errors = Console(.standardError())
        let display = ProgressDisplay(console: errors, patience: WaitingOptions.patience)
        await display.begin(with: before)
        for target in targets { _ = try await client.scale(target.service, to: target.replicas) }
        guard waiting.wait else { return }
        let wait = ServiceWait(
            client: client, goal: .running, selection: Set(targets.map(\.service)),
            timeout: waiting.timeout?.duration, display: display)
        try await wait.run().check(for: wait, errors: errors)
    }
}
