import LinuxRuntime
import StackModel
import SupervisorCore

/// Adds up what several HAProxies, one after the other or side by side, have counted of the servers that they have or
/// had.
struct RouteTotals {
    /// A replica of a route, or the route itself.
    private struct Place: Hashable {
        var route: RouteName
        var replica: Int?
    }

    private struct Key: Hashable {
        var place: Place
        /// The empty one, where it is the route itself.
        var revision = Revision("")

        init(_ route: RouteName) {
            place = Place(route: route)
        }

        init(_ server: RoutedServer) {
            place = Place(route: server.route, replica: server.replica.index)
            revision = server.revision
        }

        init(place: Place, revision: Revision) {
            self.place = place
            self.revision = revision
        }

        var order: (RouteName, Int, String) { (place.route, place.replica ?? -1, revision.text) }
    }

    private struct Total {
        /// Of servers and HAProxies that are gone.
        var counters = RouteCounters()
        var instance = InstanceID(serial: 0)
        /// When it was last added to, in steps of this structure.
        var age = 0
    }

    /// What one HAProxy last said of one server, or of a backend.
    private struct Reading {
        var counters: RouteCounters
        var sessions: Int
        var waiting = 0
        var responseTime: Duration?
    }

    private struct Origin: Hashable {
        var router: InstanceID
        var key: Key
        /// Nil for a backend.
        var instance: InstanceID?
    }

    /// A replica's former revisions, of each route.
    private static let keptRevisions = 10

    private var totals: [Place: [Revision: Total]] = [:]
    private var readings: [Origin: Reading] = [:]
    private var age = 0

    // MARK: What HAProxies say

    mutating func take(_ row: HAProxyStatistics.Row, of server: RoutedServer, from router: InstanceID) {
        let key = Key(server)
        note(key, server.instance)
        // In TCP mode there are no responses, and no time until one.
        let answered = row.responses.reduce(0, +)
        readings[Origin(router: router, key: key, instance: server.instance)] = Reading(
            counters: RouteCounters(row), sessions: row.currentSessions,
            responseTime: answered > 0 ? .milliseconds(row.responseTime) : nil)
    }

    /// The route itself: what it has beyond its servers. `ofServers`: what they have, gone ones included, in that
    /// HAProxy. `isWaitedFor`: none of them takes requests; a difference that is there otherwise is one of the moments
    /// in which HAProxy counts.
    mutating func take(
        _ row: HAProxyStatistics.Row, ofServers: (failures: Int, sessions: Int), isWaitedFor: Bool,
        of route: RouteName, from router: InstanceID
    ) {
        let key = Key(route)
        note(key, InstanceID(serial: 0))
        // Every other 5xx is HAProxy's own; in TCP mode it turns connections away instead. As it goes on counting while
        // it tells its numbers, the difference may be too large by some, once, and must not fall again.
        let origin = Origin(router: router, key: key)
        let former = readings[origin]?.counters ?? RouteCounters()
        var counters = RouteCounters()
        counters.responses[4] = max(former.responses[4], row.responses[4] - ofServers.failures)
        counters.requests = max(former.requests, counters.responses[4] + row.denied)
        readings[origin] = Reading(
            counters: counters, sessions: row.currentSessions,
            waiting: isWaitedFor ? max(0, row.currentSessions - ofServers.sessions) : 0)
    }

    /// The server is not there any more.
    mutating func retire(_ server: RoutedServer, from router: InstanceID) {
        let key = Key(server)
        retire(Origin(router: router, key: key, instance: server.instance))
        prune(key.place)
    }

    /// The HAProxy is not there any more.
    mutating func retire(router: InstanceID) {
        for origin in readings.keys.filter({ $0.router == router }) { retire(origin) }
    }

    private mutating func retire(_ origin: Origin) {
        guard let reading = readings.removeValue(forKey: origin) else { return }
        self[origin.key].counters += reading.counters
    }

    private mutating func note(_ key: Key, _ instance: InstanceID) {
        age += 1
        self[key].age = age
        self[key].instance = max(self[key].instance, instance)
    }

    private subscript(key: Key) -> Total {
        get { totals[key.place]?[key.revision] ?? Total() }
        set { totals[key.place, default: [:]][key.revision] = newValue }
    }

    /// Forgets the oldest revisions of the replica.
    private mutating func prune(_ place: Place) {
        guard let revisions = totals[place], revisions.count > Self.keptRevisions else { return }
        let alive = Set(readings.keys.filter { $0.key.place == place }.map(\.key.revision))
        let former = revisions.filter { !alive.contains($0.key) }.sorted { $0.value.age > $1.value.age }
        for (revision, _) in former.dropFirst(Self.keptRevisions) { totals[place]?[revision] = nil }
    }

    /// Forgets all other routes.
    mutating func keep(_ routes: Set<RouteName>) {
        totals = totals.filter { routes.contains($0.key.route) }
        readings = readings.filter { routes.contains($0.key.key.place.route) }
    }

    // MARK: What comes of it

    /// In the order of services, routes, replicas and revisions.
    var statistics: [RouteStatistics] {
        var result: [Key: RouteStatistics] = [:]
        for (place, revisions) in totals {
            for (revision, total) in revisions {
                result[Key(place: place, revision: revision)] = Self.statistics(of: place, revision, total)
            }
        }
        // The newest HAProxy last: its times are the ones that count.
        for (origin, reading) in readings.sorted(by: { $0.key.router < $1.key.router }) {
            result[origin.key]?.counters += reading.counters
            result[origin.key]?.sessions += reading.sessions
            result[origin.key]?.waiting += reading.waiting
            if let time = reading.responseTime { result[origin.key]?.responseTime = time }
        }
        return result.sorted { $0.key.order < $1.key.order }.map(\.value)
    }

    private static func statistics(of place: Place, _ revision: Revision, _ total: Total) -> RouteStatistics {
        let target = place.replica.map { index in
            RouteStatistics.Target(
                replica: ReplicaID(service: place.route.service, index: index), revision: revision,
                instance: total.instance)
        }
        return RouteStatistics(
            service: place.route.service, route: place.route.route, target: target, counters: total.counters,
            sessions: 0,
            waiting: 0, responseTime: nil)
    }
}

extension RouteCounters {
    fileprivate init(_ row: HAProxyStatistics.Row) {
        // A session that HAProxy tries again is a new one for it.
        requests = row.isHTTP ? row.responses.reduce(0, +) + row.unanswered : row.sessions
        responses = row.responses
        connectionErrors = row.connectionErrors
        responseErrors = row.responseErrors
        retries = row.retries
        redispatches = row.redispatches
        clientAborts = row.clientAborts
    }
}
