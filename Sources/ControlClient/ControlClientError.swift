public import ControlProtocol

/// Why a request to the daemon has no answer, or not the one that was asked for.
public enum ControlClientError: Error, Hashable, Sendable {
    /// Nobody listens on the socket of this path.
    case noDaemon(String)
    /// The daemon refused the request.
    case problem(ControlProblem)
    /// The daemon did not answer in time.
    case timedOut
    /// The connection ended before the answer did; a daemon that ends does that to those that follow a stream.
    case disconnected
    /// The socket exists and may not be used: `connect: Permission denied`.
    case unreachable(path: String, reason: String)
    /// What answered does not speak this protocol, or another version of it.
    case unexpectedAnswer(String)
}

extension ControlClientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noDaemon(let path): "no daemon listens on \(path)"
        case .problem(let problem): problem.detail
        case .timedOut: "the daemon did not answer in time"
        case .disconnected: "the daemon closed the connection"
        case .unreachable(let path, let reason): "cannot connect to \(path): \(reason)"
        case .unexpectedAnswer(let what): "unexpected answer from the daemon: \(what)"
        }
    }
}
