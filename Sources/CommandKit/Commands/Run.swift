import ArgumentParser
import ControlClient
import ControlProtocol

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a one-off instance of a service, with a command of its own.",
        discussion: """
            What the service depends on is started and waited for first. The instance counts as no replica, and is \
            gone when it has ended. Its exit status is that of stackctl; 128 and the signal's number where a signal \
            ended it.
            """,
        examples: [
            "stackctl run migrate",
            "stackctl run backend ./backend shell",
            "stackctl run --no-deps -T -e CI=1 backend ./test.sh > report.txt",
        ])

    @OptionGroup var global: GlobalOptionsBesideOutput
    @OptionGroup var options: ExecutionOptions

    @Flag(help: "Without starting what the service depends on.")
    var noDeps = false

    @Flag(name: .customLong("rm"), help: "As always here: nothing of it is left when it has ended.")
    var isRemoved = false

    @Argument(help: "The service.", completion: .services)
    var service: String

    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments in place of the service's own.")
    var command: [String] = []

    func run() async throws {
        let client = try await global.stack.client()
        guard let services = try await ifDaemonListens({ () throws(ControlClientError) in try await client.services() })
        else {
            var failure = CommandFailure(.noDaemon(client.socketPath))
            failure.advice = "\"stackctl up -d\" starts the stack, with which it then runs"
            throw failure
        }
        try checkServices([service], among: services.map(\.name))
        if !noDeps {
            let dependencies = services.first { $0.name == service }?.dependencies ?? []
            let wait = DependencyWait(client: client, dependencies: dependencies, errors: Console(.standardError()))
            try await wait.run(services)
        }
        let request = options.request(command, own: processEnvironment(), size: .ofUser())
        try await execute(request, of: service, besideInstance: false, client: client)
    }
}
