import ArgumentParser
import ControlClient
import ControlProtocol

extension Rollout {
    struct Promote: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let rollouts go on with their next step now, and wait until they are done.",
            examples: ["stackctl rollout promote backend", "stackctl rollout promote --full backend"])

        @OptionGroup var global: GlobalOptions
        @OptionGroup var waiting: WaitingOptions

        @Flag(help: "Leave out all the steps that are left.")
        var full = false

        @Argument(help: "The services.", completion: .services)
        var services: [String]

        func run() async throws {
            try await RolloutRequest(command: .promote(fully: full), global: global, services: services)
                .run(waiting.waiting)
        }
    }
}
