import Synchronization

/// Counts the answers, for `/metrics`.
final class RequestStatistics: Sendable {
    struct Key: Hashable, Sendable {
        var method: String
        /// As the API's description has it: so there are only so many.
        var route: String
        var status: Int
    }

    struct Counts: Sendable {
        var answers: [Key: UInt64] = [:]
        /// Entries of the audit log that could not be written.
        var auditFailures: UInt64 = 0
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func countAnswer(method: String, route: String, status: Int) {
        state.withLock { $0.answers[Key(method: method, route: route, status: status), default: 0] += 1 }
    }

    func countAuditFailure() {
        state.withLock { $0.auditFailures += 1 }
    }
}
