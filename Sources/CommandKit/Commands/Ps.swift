import ArgumentParser
import ControlClient
import ControlProtocol

struct Ps: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the replicas and how they fare.")

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The services to list; none means all.")
    var services: [String] = []

    func run() async throws {
        let all = try await global.stack.client().services()
        try checkServices(services, among: all.map(\.name))
        let listed = services.isEmpty ? all : all.filter { services.contains($0.name) }
        let replicas = listed.flatMap(\.replicas)
        let output = TextOutput.standardOutput()
        switch global.common.output {
        case .json:
            try output.writeLine(JSONText.document(replicas))
        case .table:
            let table = replicaTable(replicas, now: .now())
            for line in table.lines(width: output.size?.columns, palette: output.palette) { try output.writeLine(line) }
        }
    }
}
