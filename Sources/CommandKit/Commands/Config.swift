import ArgumentParser
import StackFile
import StackModel

struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check the stack file and show it with everything resolved.")

    @OptionGroup var global: GlobalOptions

    @Flag(help: "The JSON Schema of the file format instead, for editors.")
    var schema = false

    @Flag(name: .shortAndLong, help: "Only check the file.")
    var quiet = false

    @Flag(help: "Only the services' names.")
    var services = false

    func validate() throws {
        if [schema, quiet, services].count(where: { $0 }) > 1 {
            throw ValidationError("--schema, --quiet and --services exclude each other.")
        }
    }

    func run() throws {
        let output = TextOutput.standardOutput()
        if schema {
            try output.write(StackFile.jsonSchema)
            return
        }
        let stack = try global.stack.load()
        if quiet { return }
        if services {
            try write(stack.spec.services.map(\.name.text), to: output)
            return
        }
        switch global.common.output {
        case .json: try output.write(stack.resolved.json)
        case .table: try output.write(stack.resolved.yaml)
        }
    }

    private func write(_ names: [String], to output: TextOutput) throws {
        switch global.common.output {
        case .json: try output.writeLine(JSONText.document(names))
        case .table: for name in names { try output.writeLine(name) }
        }
    }
}
