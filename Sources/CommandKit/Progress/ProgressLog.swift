import ControlProtocol

/// Progress where there is no terminal: a line for each change of a replica's state.
struct ProgressLog: Sendable {
    private struct Seen: Hashable {
        var state: ReplicaDocument.State
        var ready: Bool
        var reason: String
    }

    private var seen: [String: Seen] = [:]

    /// The lines for what changed since the last snapshot: `backend/0 waiting: waits for db (service_healthy)`.
    mutating func changes(in services: [ServiceDocument], selection: Set<String>? = nil) -> [String] {
        let aims = ServiceProgress.aims(of: services)
        var lines: [String] = []
        for service in services where selection?.contains(service.name) ?? true {
            for replica in service.replicas {
                let now = Seen(state: replica.state, ready: replica.ready, reason: replica.reason)
                let before = seen.updateValue(now, forKey: replica.name)
                // Nothing has happened to what nobody has started.
                let isIdle = before == nil && replica.state == .stopped && service.desired == .stopped
                guard before != now, !isIdle else { continue }
                lines.append(replica.line(for: aims[service.name] ?? .readiness))
            }
        }
        return lines
    }
}
