import ArgumentParser
import ControlClient
import ControlProtocol

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell why a service, or one replica of it, is in its state.",
        discussion: """
            Of a service it is told first how far its rollout is, or why the last one has failed, then how many replicas \
            it has, who says so, and what its autoscaler decided lately, each with everything that it was decided by.

            --output json prints an array with an object for each replica: replica (as "ps" has it; not there \
            where the service has none), causes, the events that led to its state, the newest first, rollout, where \
            there is one, and of a service scaling: service, scale, scaling, decisions.
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
            let lines = explanations.lines(
                of: service, now: .now(), palette: output.palette, width: output.size?.columns)
            for line in lines { try output.writeLine(line) }
        }
    }
}

extension [Explanation] {
    /// What there is to say of the service, then of each replica.
    func lines(of service: ServiceDocument, now: Timestamp, palette: Palette, width: Int?) -> [String] {
        let rollout = RolloutLines(palette: palette, width: width, now: now)
        let scaling = ScalingLines(palette: palette, width: width)
        return (service.hasUnusualRollout ? rollout.lines(for: service) : [])
            + (first?.scaling.map(scaling.lines) ?? [])
            + flatMap { $0.lines(now: now, palette: palette, width: width) }
    }
}

extension Explanation {
    /// That of each replica that is meant; of a service without any, why it has none.
    static func all(
        of target: ReplicaTarget, in service: ServiceDocument, from client: ControlClient
    ) async throws(ControlClientError) -> [Explanation] {
        let isToldOfScale = target.index == nil && (service.scaling.isUnusual || service.replicas.isEmpty)
        let scaling = isToldOfScale ? try await client.scaling(of: service.name) : nil
        var explanations: [Explanation] = []
        for row in service.rows where target.index.map({ $0 == row.replica.replica }) ?? true {
            // There is one account of both the old and the new one; it stands with the new one.
            let isTold = row.role != .former
            let causes = isTold ? try await client.explain(service.name, replica: row.replica.replica) : []
            explanations.append(Explanation(row: row, causes: causes, rollout: service.rollout, scaling: scaling))
        }
        guard explanations.isEmpty else { return explanations }
        guard let index = target.index else {
            let causes = try await client.explain(service.name)
            return [Explanation(name: service.name, causes: causes, rollout: service.rollout, scaling: scaling)]
        }
        throw .problem(.noSuchReplica(index, of: service.name, indices: service.rows.map(\.replica.replica)))
    }
}
