import ArgumentParser
import ControlClient
import ControlProtocol

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell why a service, or one replica of it, is in its state.",
        discussion: """
            --output json prints an array with an object for each replica: replica (as "ps" has it) and causes, the \
            events that led to its state, the newest first.
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
        let explanations = try await Explanation.all(of: target, from: client)
        let output = TextOutput.standardOutput()
        switch global.common.output {
        case .json:
            try output.writeLine(JSONText.document(explanations))
        case .table:
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
        of target: ReplicaTarget, from client: ControlClient
    ) async throws(ControlClientError) -> [Explanation] {
        let replicas = try await client.service(target.service).replicas
        var explanations: [Explanation] = []
        for replica in replicas where target.index.map({ $0 == replica.replica }) ?? true {
            let causes = try await client.explain(target.service, replica: replica.replica)
            explanations.append(Explanation(replica: replica, causes: causes))
        }
        guard let index = target.index, explanations.isEmpty else { return explanations }
        throw .problem(.noSuchReplica(index, of: target.service, count: replicas.count))
    }
}
