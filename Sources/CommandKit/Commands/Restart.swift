import ArgumentParser
import ControlProtocol

struct Restart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replace the instances of services by new ones, and wait until these are ready.",
        discussion: """
            It is a rollout: where a service can have two instances at a time, the new one is ready before the old one \
            goes; where it fails, what was before comes back, and the exit status is 7. Programs are taken as they are \
            on the disk now. Services that do not run are started.
            """,
        examples: ["stackctl restart backend", "stackctl restart --no-wait", "stackctl restart --now db"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var stopping: StoppingOptions

    @Flag(name: .customLong("now"), help: "Stop all instances, then start them, without a rollout.")
    var isAtOnce = false

    @Argument(help: "The services; none means all.", completion: .services)
    var services: [String] = []

    func run() async throws {
        try await ServiceCommand(
            action: .restart, global: global, waiting: stopping.waiting, services: services, isAtOnce: isAtOnce
        ).run()
    }
}
