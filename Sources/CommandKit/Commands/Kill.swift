import ArgumentParser
import ControlClient
import ControlProtocol
import StackModel

struct Kill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send a signal to the main processes of services.",
        discussion: "What becomes of a service that ends of it is up to its restart policy; \"stop\" stops it.",
        examples: ["stackctl kill -s HUP proxy", "stackctl kill backend/1"])

    @OptionGroup var global: GlobalOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The signal, as in HUP, SIGHUP or 1; else SIGKILL.", valueName: "signal"),
        transform: Self.signal)
    var signal = Signal.kill

    @Argument(
        help: ArgumentHelp("Services, or replicas of them as in backend/0.", valueName: "service"),
        completion: .services)
    var targets: [ReplicaTarget]

    private static func signal(_ text: String) throws -> Signal {
        guard let signal = Signal(text: text) else {
            throw ValidationError("there is no signal \"\(text)\"; \"kill -l\" lists them")
        }
        return signal
    }

    func run() async throws {
        let client = try await global.stack.client()
        try checkServices(targets.map(\.service), among: try await client.services().map(\.name))
        for target in targets {
            _ = try await client.kill(target.service, signal: signal.description, replica: target.index)
        }
    }
}
