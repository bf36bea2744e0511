import ControlClient
import ControlProtocol

extension ServiceWait.Outcome {
    /// Tells why the services did not get where they should, and ends the command with the status for that.
    func check(for wait: ServiceWait, errors: Console) async throws {
        switch self {
        case .reached:
            return
        case .failed(let services):
            let failed = wait.rows(of: services) { $0 == .failed }.filter { $0.replica.state == .failed }
            try await explain(failed, wait.client, errors: errors)
            throw wait.failure(services, failed)
        case .timedOut(let services):
            try await explain(wait.rows(of: services) { $0 != .reached }, wait.client, errors: errors)
            throw wait.timeIsUp(services)
        case .interrupted:
            try await errors.print(wait.detachment)
            throw CommandStatus.interrupted
        case .daemonEnded:
            throw CommandFailure(.failed, "stackd ended before it was done")
        }
    }

    /// More would scroll away what matters; `stackctl explain` tells all of it.
    private static let explainedReplicas = 5
    private static let explainedCauses = 3

    private func explain(_ rows: [ReplicaRow], _ client: ControlClient, errors: Console) async throws {
        let palette = errors.output.palette
        for row in rows.prefix(Self.explainedReplicas) {
            let causes = try await client.explain(row.replica.service, replica: row.replica.replica)
            let explanation = Explanation(row: row, causes: causes)
            for line in explanation.lines(
                now: .now(), palette: palette, width: errors.output.size?.columns, limit: Self.explainedCauses)
            {
                try await errors.print(line)
            }
        }
    }
}

extension ServiceWait {
    /// The replicas of the services that stand so, but of those whose rollout tells more.
    fileprivate func rows(
        of services: [ServiceDocument], where isMeant: (ServiceProgress.Standing) -> Bool
    ) -> [ReplicaRow] {
        let names = Set(progress(of: services).filter { isMeant($0.standing) }.map(\.service))
        return services.filter { names.contains($0.name) && goal.rolloutFailure(of: $0) == nil }.flatMap(\.rows)
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

    /// What is said when Ctrl-C ends the waiting.
    fileprivate var detachment: String {
        switch goal {
        case .replaced: "no longer waiting, but it goes on: \"stackctl rollout status\" follows it"
        case .running, .stopped: "no longer waiting, but it goes on: \"stackctl ps\" shows how far it is"
        }
    }
}

// MARK: - Failed rollouts

extension ServiceWait {
    /// Why services will not get where they should: their rollouts', then that of the replicas.
    fileprivate func failure(_ services: [ServiceDocument], _ broken: [ReplicaRow]) -> CommandFailure {
        var failures = services.filter { selection?.contains($0.name) ?? true }.compactMap(goal.rolloutFailure)
        if !broken.isEmpty {
            failures.append(
                CommandFailure(
                    .failed, "failed: \(broken.map(\.name).joined(separator: ", "))",
                    advice: "what else runs goes on running; \"stackctl down\" stops it"))
        }
        return CommandFailure(failures)
    }

}

extension ProgressGoal {
    /// Nil where its rollout has not failed, as far as it has one that is waited for.
    func rolloutFailure(of service: ServiceDocument) -> CommandFailure? {
        guard let former = former(of: service.name) else { return nil }
        if isForestalled(service) {
            return CommandFailure(
                .failed, "\(service.name) was stopped before this was done",
                advice: "\"stackctl start \(service.name)\" starts it as the files said last")
        }
        return CommandFailure(service.verdict(after: former.revision), of: service)
    }
}

extension ServiceDocument {
    /// There was a revision that was good before the one that counts.
    fileprivate var canGoBack: Bool { history.dropFirst().contains { $0.outcome == .good } }
}

extension CommandFailure {
    /// Nil for a rollout that has not failed.
    fileprivate init?(_ verdict: RolloutVerdict, of service: ServiceDocument) {
        let name = service.name
        switch verdict {
        case .none, .underWay, .done:
            return nil
        case .standsStill(let rollout):
            self.init(
                .failed, rollout.summary(of: service, now: .now()),
                advice: (service.canGoBack ? "\"stackctl rollout undo \(name)\" goes back to what was before, " : "")
                    + "\"stackctl rollout resume \(name)\" goes on; \"stackctl explain \(name)\" tells more")
        case .failed(let revision):
            self.init(.failed, "\(name): \(revision.failure)", advice: "\"stackctl explain \(name)\" tells more")
        case .reverted(let revision, let successor):
            self.init(
                .rolledBack, "\(name) was rolled back to \(service.original(of: successor)): \(revision.failure)",
                advice: "\"stackctl explain \(name)\" and \"stackctl rollout history \(name)\" tell more")
        }
    }

    /// All in one. What does not serve counts for more than what serves as it did before.
    fileprivate init(_ failures: [CommandFailure]) {
        let advice = failures.compactMap(\.advice)
        self.init(
            failures.allSatisfy { $0.status == .rolledBack } ? .rolledBack : .failed,
            failures.map(\.message).joined(separator: "\n"),
            advice: advice.isEmpty ? nil : advice.joined(separator: "\n"))
    }
}
