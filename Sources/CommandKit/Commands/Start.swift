import ArgumentParser
import ControlProtocol

struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start services, with what they depend on, and wait until they are ready.",
        examples: ["stackctl start", "stackctl start --timeout 30s backend"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitingOptions

    @Argument(help: "The services; none means all.", completion: .services)
    var services: [String] = []

    func run() async throws {
        try await ServiceCommand(action: .start, global: global, waiting: waiting.waiting, services: services).run()
    }
}
