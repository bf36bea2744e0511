import ArgumentParser
import ControlClient
import ControlProtocol

struct Graph: AsyncParsableCommand {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table, json, dot, mermaid
    }

    static let configuration = CommandConfiguration(
        abstract: "Show which service waits for which, in the order of their start.",
        discussion: """
            Of the file it also shows where requests for a service are taken by its routes.

            --output json prints an array with an object for each service: name, stage, depends_on (service, \
            condition), and routes (name, listen, hosts, paths), or state with --live.
            """,
        examples: ["stackctl graph", "stackctl graph --live", "stackctl graph --output dot | dot -Tsvg > stack.svg"])

    @OptionGroup var global: GlobalOptionsBesideOutput

    @Option(name: [.long, .customLong("format")], help: "How the graph is written.")
    var output: Format = .table

    @Flag(help: "The stack as it runs, with the services' states, in place of what the file says.")
    var live = false

    func run() async throws {
        let graph = try await graph()
        let output = TextOutput.standardOutput()
        switch self.output {
        case .table: try output.write(graph.table)
        case .json: try output.writeLine(JSONText.document(graph))
        case .dot: try output.writeLine(graph.dot)
        case .mermaid: try output.writeLine(graph.mermaid)
        }
    }

    private func graph() async throws -> DependencyGraph {
        guard live else { return DependencyGraph(try global.stack.load().spec) }
        return DependencyGraph(try await global.stack.client().services())
    }
}
