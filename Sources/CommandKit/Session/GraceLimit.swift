import ControlClient
import ControlProtocol

/// What Compose's `--timeout` asks for: whatever takes longer to stop than the user is ready to wait is killed, however
/// much longer its file lets it. Each process has the time for itself, from when it was its turn to stop.
struct GraceLimit: Sendable {
    var client: ControlClient
    var grace: Duration
    /// Nil means every service.
    var selection: Set<String>?

    private static let lookInterval = Duration.milliseconds(100)

    /// Carries out the operation, and kills meanwhile what is late.
    func enforced<Result: Sendable>(
        during operation: @Sendable @escaping () async throws -> Result
    ) async throws -> Result {
        let enforcing = Task { await enforce() }
        defer { enforcing.cancel() }
        return try await operation()
    }

    private func enforce() async {
        var killed: Set<UInt64> = []
        // A daemon that does not answer any more is what the operation waits for, or fails of.
        while !Task.isCancelled, let services = try? await client.services() {
            for replica in late(in: services, now: .now()) {
                guard let instance = replica.instance, killed.insert(instance).inserted else { continue }
                _ = try? await client.kill(replica.service, signal: "SIGKILL", replica: replica.replica)
            }
            try? await Task.sleep(for: Self.lookInterval)
        }
    }

    /// The replicas that have been stopping for longer than that.
    func late(in services: [ServiceDocument], now: Timestamp) -> [ReplicaDocument] {
        services.filter { selection?.contains($0.name) ?? true }.flatMap(\.replicas).filter { replica in
            replica.state == .stopping
                && .milliseconds(now.milliseconds - replica.since.milliseconds) >= grace
        }
    }
}
