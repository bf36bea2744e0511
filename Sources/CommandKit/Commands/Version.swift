import ArgumentParser
import ControlProtocol

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the version of stackctl.", examples: ["stackctl version", "stackctl version --output json"])

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let output = TextOutput.standardOutput()
        switch global.common.output {
        case .json: try output.writeLine(JSONText.document(["stackctl": productVersion]))
        case .table: try output.writeLine("stackctl \(productVersion)")
        }
    }
}
