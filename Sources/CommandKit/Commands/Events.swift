import ArgumentParser
import ControlClient
import ControlProtocol

struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what happened and what was decided, with the reasons.")

    @OptionGroup var global: GlobalOptionsBesideFollow

    @Flag(name: .shortAndLong, help: "Go on with the events that come.")
    var follow = false

    func run() async throws {
        let client = try global.stack.client()
        let output = TextOutput.standardOutput()
        let format = global.common.output
        guard follow else {
            for record in try await client.recentEvents() {
                try output.writeLine(eventLine(record, format: format, palette: output.palette))
            }
            return
        }
        do {
            for try await record in try await client.events(.after(0)) {
                try output.writeLine(eventLine(record, format: format, palette: output.palette))
            }
        } catch ControlClientError.disconnected {
            // The daemon has ended, and so has what it had to tell.
        }
    }
}
