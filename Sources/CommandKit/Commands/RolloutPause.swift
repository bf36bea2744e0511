import ArgumentParser
import ControlClient
import ControlProtocol

extension Rollout {
    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let rollouts stand still where they are, until they are resumed.",
            examples: ["stackctl rollout pause backend"])

        @OptionGroup var global: GlobalOptions

        @Argument(help: "The services.", completion: .services)
        var services: [String]

        func run() async throws {
            try await RolloutRequest(command: .pause, global: global, services: services)
                .run(Waiting(isWanted: false))
        }
    }
}
