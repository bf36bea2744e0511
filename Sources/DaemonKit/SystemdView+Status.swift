import ControlProtocol

/// One line for `systemctl status`.
extension SystemdView {
    /// More names than these make a line that nobody reads.
    private static let namesShown = 5

    /// How many services are as they should be, and which are not: "12 of 14 services ready; waiting for backend, db".
    var status: String {
        let wanted = services.filter(\.isWanted)
        switch state {
        case .stopping:
            let left = services.filter(\.hasProcesses)
            guard !left.isEmpty else { return "stopping" }
            return "stopping; \(left.count) of \(Self.count(services)) still to end: \(Self.names(left))"
        case .stopped:
            return "no service is wanted to run"
        case .starting, .ready, .degraded:
            let missing = wanted.filter { !$0.isAsWanted }
            guard !missing.isEmpty else { return "\(Self.count(wanted)) ready" }
            let ready = "\(wanted.count - missing.count) of \(Self.count(wanted)) ready"
            return (state == .degraded ? "degraded: " : "") + "\(ready); waiting for \(Self.names(missing))"
        }
    }

    private static func count(_ services: [Service]) -> String {
        "\(services.count) service\(services.count == 1 ? "" : "s")"
    }

    private static func names(_ services: [Service]) -> String {
        let shown = services.prefix(namesShown).map { $0.hasFailed ? "\($0.name) (failed)" : $0.name }
        let others = services.count - shown.count
        return shown.joined(separator: ", ") + (others > 0 ? " and \(others) more" : "")
    }
}
