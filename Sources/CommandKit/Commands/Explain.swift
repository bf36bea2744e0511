import ArgumentParser
import ControlClient
import ControlProtocol

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell why a service, or one replica of it, is in its state.",
        discussion: """
            While the service is rolled out, or where its last rollout has failed, that is told first.

            --output json prints an array with an object for each replica: replica (as "ps" has it), causes, the \
            events that led to its state, the newest first, and rollout, where there is one.
            """,
        examples: ["stackctl explain backend", "stackctl explain backend/1"])

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: ArgumentHelp("The service, or one of its replicas as in backend/0.", valueName: "service"),
        completion: .services)
    var target: ReplicaTarget

    func run() async throws {
        let client = try await global.stack.client()
        try checkServices([target.service], among: try await client.services().map(\.name))
        let service = try await client.service(target.service)
        let explanations = try await Explanation.all(of: target, in: service, from: client)
        let output = TextOutput.standardOutput()
        switch global.common.output {
        case .json:
            try output.writeLine(JSONText.document(explanations))
        case .table:
            if service.hasUnusualRollout {
                let rollout = RolloutLines(palette: output.palette, width: output.size?.columns, now: .now())
                for line in rollout.lines(for: service) { try output.writeLine(line) }
            }
            if explanations.isEmpty { try output.writeLine("\(target.service) has no replica: it is scaled to 0") }
            for explanation in explanations {
                for line in explanation.lines(now: .now(), palette: output.palette, width: output.size?.columns) {
                    try output.writeLine(line)
                }
            }
        }
    }
}

extension Explanation {
    /// That of each replica that is meant.
    static func all(
        of target: ReplicaTarget, in service: ServiceDocument, from client: ControlClient
    ) async throws(ControlClientError) -> [Explanation] {
        var explanations: [Explanation] = []
        for row in service.rows where target.index.map({ $0 == row.replica.replica }) ?? true {
            // There is one account of both the old and the new one; it stands with the new one.
            let isTold = row.role != .former
            let causes = isTold ? try await client.explain(service.name, replica: row.replica.replica) : []
            explanations.append(Explanation(row: row, causes: causes, rollout: service.rollout))
        }
        guard let index = target.index, explanations.isEmpty else { return explanations }
        throw .problem(.noSuchReplica(index, of: service.name, count: service.scale))
    }
}
