import ArgumentParser
import ControlProtocol
import FoundationEssentials
import LinuxRuntime

/// `stackd doctor`: what the host offers, without a stack.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Prints what this host offers to stackd.")

    enum Output: String, ExpressibleByArgument, CaseIterable {
        case table, json
    }

    @Option(help: "How to print it.")
    var output = Output.table

    func run() throws {
        let checks = HostReport.checks()
        switch output {
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(checks), as: UTF8.self))
        case .table:
            for check in checks {
                print("\(check.level.rawValue)\t\(check.name)\t\(check.finding)")
                if let remedy = check.remedy { print("\t\t\(remedy)") }
            }
        }
    }
}
