import StackModel
import SupervisorCore

/// What a route has done since the daemon began, with one revision of one replica, or by itself.
///
/// Counters go on where an instance or an HAProxy is replaced; what an HAProxy has counted since it was last asked is
/// lost where it is killed.
struct RouteStatistics: Hashable, Sendable {
    var service: ServiceName
    var route: String
    /// Nil: what no replica got, and how much waits for one.
    var target: Target?
    var counters: RouteCounters
    /// Requests (in TCP mode: connections) that it has now.
    var sessions: Int
    /// Requests that wait now because no replica is ready; 0 for a target.
    var waiting: Int
    /// The mean time until the answer, of the latest 1,024 requests; nil where there were none, and in TCP mode.
    var responseTime: Duration?

    struct Target: Hashable, Sendable {
        var replica: ReplicaID
        var revision: Revision
        /// The latest instance of that revision.
        var instance: InstanceID
    }
}

/// What HAProxy counts, added up.
struct RouteCounters: Hashable, Sendable {
    /// Requests that have ended, but for those whose client went away; in TCP mode attempts to connect.
    var requests = 0
    /// Responses by their class: 1xx, 2xx, 3xx, 4xx, 5xx, and others. All zero in TCP mode.
    var responses = [Int](repeating: 0, count: 6)
    /// Requests for which no connection could be made.
    var connectionErrors = 0
    /// Requests to which there was no answer, or none that was whole.
    var responseErrors = 0
    /// Further attempts to connect.
    var retries = 0
    /// Attempts that another replica got.
    var redispatches = 0
    var clientAborts = 0

    /// Requests that were answered 5xx, or not at all.
    var errors: Int { responses[4] + connectionErrors + responseErrors }

    static func + (left: Self, right: Self) -> Self {
        RouteCounters(
            requests: left.requests + right.requests, responses: zip(left.responses, right.responses).map(+),
            connectionErrors: left.connectionErrors + right.connectionErrors,
            responseErrors: left.responseErrors + right.responseErrors, retries: left.retries + right.retries,
            redispatches: left.redispatches + right.redispatches, clientAborts: left.clientAborts + right.clientAborts)
    }

    static func += (left: inout Self, right: Self) { left = left + right }
}
