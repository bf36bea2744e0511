import ArgumentParser
import ControlProtocol

struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop services, after what depends on them, and wait until nothing of them runs.",
        examples: ["stackctl stop", "stackctl stop backend worker", "stackctl stop -t 3 worker"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var stopping: StoppingOptions

    @Argument(help: "The services; none means all.", completion: .services)
    var services: [String] = []

    func run() async throws {
        try await ServiceCommand(action: .stop, global: global, waiting: stopping.waiting, services: services).run()
    }
}
