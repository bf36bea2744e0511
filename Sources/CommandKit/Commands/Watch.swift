import ArgumentParser
import ControlClient
import ControlProtocol

struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Restart services when the files change that they watch.",
        discussion: """
            What a service watches is told by its develop.watch. Files are watched until Ctrl-C, or until the stack is \
            stopped; what was restarted goes on running.
            """,
        examples: ["stackctl watch", "stackctl watch --output json | jq .service"])

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let client = try await global.stack.client()
        let console = Console(.standardOutput())
        let session = WatchSession(client: client, format: global.common.output, console: console)
        try await session.run {
            try await Console(.standardError()).print("watching for changes; Ctrl-C ends it")
        }
    }
}
