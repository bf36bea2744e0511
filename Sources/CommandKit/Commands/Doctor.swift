import ArgumentParser
import ControlClient
import ControlProtocol

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check what the host provides, and say what to do about the rest.",
        discussion: "--output json prints an array of checks: name, level (ok, warning, error), finding, remedy.",
        examples: ["stackctl doctor", "stackctl doctor --output json | jq '.[] | select(.level != \"ok\")'"])

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let checks = try await checks()
        let output = TextOutput.standardOutput()
        switch global.common.output {
        case .json:
            try output.writeLine(JSONText.document(checks))
        case .table:
            let lines = doctorLines(checks, width: output.size?.columns, palette: output.palette)
            for line in lines { try output.writeLine(line) }
        }
        if checks.contains(where: { $0.level == .error }) { throw CommandStatus.failed }
    }

    /// The running daemon's, which tell what the stack really has; else those of a daemon started for nothing else.
    private func checks() async throws -> [DoctorCheck] {
        if let client = try await global.stack.clientIfFound(),
            let checks = try await ifDaemonListens({ () throws(ControlClientError) in try await client.doctor() })
        {
            return checks
        }
        let executable = try DaemonExecutable.path(environment: processEnvironment())
        return try await HostChecks.run(executable: executable)
    }
}
