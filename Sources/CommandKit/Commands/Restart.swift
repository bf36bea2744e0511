import ArgumentParser
import ControlProtocol

struct Restart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop services, start them, and wait until they are ready.",
        examples: ["stackctl restart backend", "stackctl restart --no-wait"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var stopping: StoppingOptions

    @Argument(help: "The services; none means all.", completion: .services)
    var services: [String] = []

    func run() async throws {
        try await ServiceCommand(action: .restart, global: global, waiting: stopping.waiting, services: services).run()
    }
}
