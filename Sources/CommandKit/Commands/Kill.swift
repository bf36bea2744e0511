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
        let services = try await client.services()
        try checkServices(targets.map(\.service), among: services.map(\.name))
        for target in targets { try checkIsRunning(target, in: services) }
        for target in targets {
            _ = try await client.kill(target.service, signal: signal.description, replica: target.index)
        }
    }

    /// A signal that reaches nobody is told, as by kill(1); that there is no such replica, the daemon tells.
    private func checkIsRunning(_ target: ReplicaTarget, in services: [ServiceDocument]) throws(CommandFailure) {
        let replicas = services.first { $0.name == target.service }?.replicas ?? []
        let meant = replicas.filter { target.index == nil || target.index == $0.replica }
        let isUnknown = target.index != nil && meant.isEmpty
        guard !isUnknown, meant.allSatisfy({ $0.pid == nil }) else { return }
        throw CommandFailure(
            .failed, "nothing of \(target.text) runs that a signal could reach",
            advice: "\"stackctl ps\" shows what runs")
    }
}
