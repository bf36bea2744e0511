import ControlClient
import ControlProtocol

extension ServiceWait.Outcome {
    /// Tells why the services did not get where they should, and ends the command with the status for that.
    func check(for wait: ServiceWait, errors: Console) async throws {
        switch self {
        case .reached:
            return
        case .failed(let services):
            let failed = wait.replicas(of: services) { $0 == .failed }.filter { $0.state == .failed }
            try await explain(failed, wait.client, errors: errors)
            throw CommandFailure(
                .failed, "failed: \(failed.map(\.name).joined(separator: ", "))",
                advice: "what else runs goes on running; \"stackctl down\" stops it")
        case .timedOut(let services):
            try await explain(wait.replicas(of: services) { $0 != .reached }, wait.client, errors: errors)
            throw wait.timeIsUp(services)
        case .daemonEnded:
            throw CommandFailure(.failed, "stackd ended before it was done")
        }
    }

    /// More would scroll away what matters; `stackctl explain` tells all of it.
    private static let explainedReplicas = 5
    private static let explainedCauses = 3

    private func explain(_ replicas: [ReplicaDocument], _ client: ControlClient, errors: Console) async throws {
        let palette = errors.output.palette
        for replica in replicas.prefix(Self.explainedReplicas) {
            let causes = try await client.explain(replica.service, replica: replica.replica)
            let explanation = Explanation(replica: replica, causes: causes)
            for line in explanation.lines(
                now: .now(), palette: palette, width: errors.output.size?.columns, limit: Self.explainedCauses)
            {
                try await errors.print(line)
            }
        }
    }
}

extension ServiceWait {
    /// The replicas of the services that stand so.
    fileprivate func replicas(
        of services: [ServiceDocument], where isMeant: (ServiceProgress.Standing) -> Bool
    ) -> [ReplicaDocument] {
        let names = Set(progress(of: services).filter { isMeant($0.standing) }.map(\.service))
        return services.filter { names.contains($0.name) }.flatMap(\.replicas)
    }

    /// The failure of a command whose time ran out, with what is not yet where it should be.
    func timeIsUp(_ services: [ServiceDocument]) -> CommandFailure {
        let late = progress(of: services).filter { $0.standing != .reached }
        guard !late.isEmpty else {
            return CommandFailure(
                .timedOut, "the time is up, and stackd has not ended yet", advice: "what was asked for still goes on")
        }
        let what = goal == .stopped ? "still runs" : "is not ready"
        return CommandFailure(
            .timedOut, "the time is up, and this \(what):" + late.map { "\n  \($0.line)" }.joined(),
            advice: "what was asked for still goes on")
    }
}
