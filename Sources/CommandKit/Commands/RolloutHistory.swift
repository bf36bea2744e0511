import ArgumentParser
import ControlClient
import ControlProtocol

extension Rollout {
    struct History: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the revisions of a service: when and why they came, and what became of them.",
            discussion: """
                A revision that was good can be gone back to; "undo" does it. --output json prints an array with an \
                object for each revision, the newest first: number, revision, executable, cause, detail, since, ended, \
                outcome, reason; with --revision, the object.
                """,
            examples: ["stackctl rollout history backend", "stackctl rollout history backend --revision 3"])

        @OptionGroup var global: GlobalOptions

        @Option(help: ArgumentHelp("Only this one, in full.", valueName: "number"))
        var revision: Int?

        @Argument(help: "The service.", completion: .services)
        var service: String

        func run() async throws {
            let client = try await global.stack.client()
            try checkServices([service], among: try await client.services().map(\.name))
            let history = try await client.rollout(of: service).history
            let output = TextOutput.standardOutput()
            guard let revision else {
                switch global.common.output {
                case .json: return try output.writeLine(JSONText.document(history))
                case .table: return try output.write(revisionTable(history))
                }
            }
            guard let found = history.first(where: { $0.number == revision }) else {
                let numbers = history.map { "\($0.number)" }.joined(separator: ", ")
                throw CommandFailure(
                    .failed, "\(service) has no revision \(revision) in its history", advice: "there are: \(numbers)")
            }
            switch global.common.output {
            case .json: try output.writeLine(JSONText.document(found))
            case .table: for line in revisionLines(found, palette: output.palette) { try output.writeLine(line) }
            }
        }
    }
}
