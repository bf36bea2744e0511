import ArgumentParser
import ControlClient
import ControlProtocol

extension Rollout {
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let rollouts go on that were paused or have failed, and wait until they are done.",
            examples: ["stackctl rollout resume backend", "stackctl rollout resume --no-wait backend"])

        @OptionGroup var global: GlobalOptions
        @OptionGroup var waiting: WaitingOptions

        @Argument(help: "The services.", completion: .services)
        var services: [String]

        func run() async throws {
            try await RolloutRequest(command: .resume, global: global, services: services).run(waiting.waiting)
        }
    }
}
