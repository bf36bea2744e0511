import ArgumentParser
import ControlProtocol

struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop services, after what depends on them, and wait until nothing of them runs.",
        examples: ["stackctl stop", "stackctl stop backend worker"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var waiting: WaitingOptions

    @Argument(help: "The services; none means all.", completion: .services)
    var services: [String] = []

    func run() async throws {
        try await ServiceCommand(action: .stop, global: global, waiting: waiting, services: services).run()
    }
}
