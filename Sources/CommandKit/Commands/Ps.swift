import ArgumentParser
import ControlClient
import ControlProtocol

struct Ps: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the replicas and how they fare.",
        discussion: """
            While a replica is replaced that serves until the other is ready, both are listed, as old and new; under \
            the table stands how far the rollout is.

            --output json prints an array with an object for each replica: service, replica (its index), state, \
            ready, pid, instance, restarts, revision, since, reason, status, last_exit. With --runs it has an object \
            for each service that has a schedule: service, trigger, next, runs.
            """,
        examples: [
            "stackctl ps", "stackctl ps --status failed --status backoff", "stackctl ps --runs backup",
            "stackctl ps --output json | jq '.[] | select(.ready | not) | .service'",
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var compose: ComposeHabits.All

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Only replicas in this state; may be given several times.", valueName: "state"),
        transform: Self.state)
    var status: [ReplicaDocument.State] = []

    @Flag(name: .shortAndLong, help: "Only the replicas' names.")
    var quiet = false

    @Flag(name: .customLong("services"), help: "Only the services' names.")
    var listsServices = false

    @Flag(help: "The runs of services that have a schedule, and when they run next.")
    var runs = false

    @Argument(help: "The services to list; none means all.", completion: .services)
    var services: [String] = []

    private static func state(_ text: String) throws -> ReplicaDocument.State {
        guard let state = ReplicaDocument.State(rawValue: text) else {
            let known = ReplicaDocument.State.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("there is no state \"\(text)\"; there are: \(known)")
        }
        return state
    }

    func validate() throws {
        if [quiet, listsServices, runs].count(where: { $0 }) > 1 {
            throw ValidationError("--quiet, --services and --runs exclude each other.")
        }
        if runs, !status.isEmpty { throw ValidationError("--runs and --status exclude each other.") }
    }

    func run() async throws {
        let listed = try await listed()
        let output = TextOutput.standardOutput()
        if listsServices {
            try output.write(listed.map(\.name), as: global.common.output)
        } else if quiet {
            let names = listed.flatMap { service in service.rows.filter { $0.role != .former }.map(\.replica.name) }
            try output.write(names, as: global.common.output)
        } else if runs {
            let schedules = listed.compactMap { service in
                service.schedule.map { ServiceSchedule(service: service.name, schedule: $0) }
            }
            try write(schedules, to: output)
        } else {
            switch global.common.output {
            case .json: try output.writeLine(JSONText.document(listed.flatMap(\.replicas)))
            case .table: try writeTable(listed, now: .now(), to: output)
            }
        }
    }

    private func writeTable(_ services: [ServiceDocument], now: Timestamp, to output: TextOutput) throws {
        try output.write(replicaTable(services, now: now))
        let footer = rolloutFooter(services, now: now, palette: output.palette, width: output.size?.columns)
        for line in footer { try output.writeLine(line) }
    }

    private func listed() async throws -> [ServiceDocument] {
        let all = try await global.stack.client().services()
        try checkServices(services, among: all.map(\.name))
        let listed = services.isEmpty ? all : all.filter { services.contains($0.name) }
        guard !status.isEmpty else { return listed }
        return listed.compactMap { service in
            var service = service
            service.replicas.removeAll { !status.contains($0.state) }
            return service.replicas.isEmpty ? nil : service
        }
    }

    private func write(_ schedules: [ServiceSchedule], to output: TextOutput) throws {
        switch global.common.output {
        case .json: try output.writeLine(JSONText.document(schedules))
        case .table: try output.write(runTable(schedules))
        }
    }
}
