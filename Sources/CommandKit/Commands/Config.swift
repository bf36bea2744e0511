import ArgumentParser
import ControlClient
import StackFile
import StackModel

struct Config: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case yaml, json
    }

    static let configuration = CommandConfiguration(
        abstract: "Check the stack file and show it with everything resolved.",
        discussion: "--output json prints the same as an object; lists of names are arrays.",
        examples: [
            "stackctl config --quiet && echo good", "stackctl config --output json | jq .services.backend",
            "stackctl config --hash backend", "stackctl config --schema > stack.schema.json",
        ])

    @OptionGroup var global: GlobalOptionsBesideOutput

    @Option(name: [.long, .customLong("format")], help: "How the file is written.")
    var output: Format = .yaml

    @Flag(name: .shortAndLong, help: "Only check the file.")
    var quiet = false

    @Flag(help: "Only the services' names.")
    var services = false

    @Option(
        help: ArgumentHelp(
            "Only a hash of what the file says of each of these services, or of all with \"*\".",
            valueName: "service,…"),
        completion: .services)
    var hash: String?

    @Flag(help: "The stack as it runs, as JSON, in place of what the file says now.")
    var running = false

    @Flag(help: "The JSON Schema of the file format instead, for editors.")
    var schema = false

    func validate() throws {
        if [schema, quiet, services, running, hash != nil].count(where: { $0 }) > 1 {
            throw ValidationError("--quiet, --services, --hash, --running and --schema exclude each other.")
        }
    }

    func run() async throws {
        let output = TextOutput.standardOutput()
        if schema {
            try output.write(StackFile.jsonSchema)
        } else if running {
            try output.writeLine(try await global.stack.client().configuration())
        } else {
            try write(try global.stack.load(), to: output)
        }
    }

    private func write(_ stack: LoadedStack, to output: TextOutput) throws {
        if quiet { return }
        if services {
            try output.write(stack.spec.services.map(\.name.text), as: self.output == .json ? .json : .table)
        } else if let hash {
            try write(try hashes(of: hash, in: stack.spec), to: output)
        } else {
            switch self.output {
            case .json: try output.write(stack.resolved.json)
            case .yaml: try output.write(stack.resolved.yaml)
            }
        }
    }

    private func hashes(of selection: String, in stack: StackSpec) throws(CommandFailure) -> [(String, String)] {
        let all = stack.services.map { ($0.name.text, $0.revision.text) }
        guard selection != "*" else { return all }
        let names = selection.split(separator: ",").map(String.init)
        try checkServices(names, among: all.map(\.0))
        return all.filter { names.contains($0.0) }
    }

    private func write(_ hashes: [(String, String)], to output: TextOutput) throws {
        switch self.output {
        case .json: try output.writeLine(JSONText.document(Dictionary(hashes) { first, _ in first }))
        case .yaml: for (name, hash) in hashes { try output.writeLine("\(name) \(hash)") }
        }
    }
}
