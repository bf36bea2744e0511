import ArgumentParser
import ControlClient
import ControlProtocol

struct Exec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command beside a service: in its environment, as its user, in its cgroup.",
        discussion: """
            The command gets a terminal where standard input and output are one. Its exit status is that of stackctl; \
            128 and the signal's number where a signal ended it.
            """,
        examples: [
            "stackctl exec backend sh",
            "stackctl exec -e LOG_LEVEL=debug backend/1 ./backend check",
            "stackctl exec -T db psql shop < dump.sql",
        ])

    @OptionGroup var global: GlobalOptionsBesideOutput
    @OptionGroup var options: ExecutionOptions

    @Option(help: ArgumentHelp("Beside which replica, from 0; else the first that runs.", valueName: "number"))
    var index: Int?

    @Argument(
        help: ArgumentHelp("The service, or one of its replicas as in backend/0.", valueName: "service"),
        completion: .services)
    var target: ReplicaTarget

    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments.")
    var command: [String]

    func validate() throws {
        if index != nil, target.index != nil {
            throw ValidationError("--index and \(target.service)/N exclude each other.")
        }
        if command.isEmpty { throw ValidationError("Which command is to be run in \(target.service)?") }
    }

    func run() async throws {
        let client = try await global.stack.client()
        try checkServices([target.service], among: try await client.services().map(\.name))
        let request = options.request(
            command, replica: index ?? target.index, own: processEnvironment(), size: .ofUser())
        try await execute(request, of: target.service, besideInstance: true, client: client)
    }
}

/// Runs the command, and ends with its status where it is not left to itself.
func execute(
    _ request: ExecutionRequest, of service: String, besideInstance: Bool, client: ControlClient
) async throws {
    guard request.detach else {
        let session = ExecutionSession(
            client: client, service: service, request: request, besideInstance: besideInstance)
        let status = try await session.run()
        if status != .done { throw status }
        return
    }
    let record = try await client.executeDetached(request, of: service, besideInstance: besideInstance)
    guard case .started(_, let pid) = record else { return }
    try TextOutput.standardError().writeLine(
        "it runs with pid \(pid); its output goes to the log: \"stackctl logs \(service)\"")
}
