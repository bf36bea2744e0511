import ArgumentParser
import ControlClient
import ControlProtocol

extension Rollout {
    struct Undo: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go back to what a service was before, program included, and wait until it is done.",
            discussion: """
                Without a number it goes back to the latest revision that was good but the present one. The stack file \
                stays as it is: the next "apply" brings what it says, so put it right too.
                """,
            examples: ["stackctl rollout undo backend", "stackctl rollout undo backend --to-revision 3"])

        @OptionGroup var global: GlobalOptions
        @OptionGroup var waiting: WaitingOptions

        @Option(
            name: [.customLong("to-revision"), .customLong("to")],
            help: ArgumentHelp("The number of a revision, as \"history\" has it.", valueName: "number"))
        var revision: Int?

        @Argument(help: "The service.", completion: .services)
        var service: String

        func validate() throws {
            if let revision, revision < 0 { throw ValidationError("--to-revision must be a revision's number.") }
        }

        func run() async throws {
            // kubectl's 0 is the one before.
            let number = revision == 0 ? nil : revision
            try await RolloutRequest(command: .undo(to: number), global: global, services: [service])
                .run(waiting.waiting) { ProgressGoal.replacing($0) }
        }
    }
}
