import ControlServer
import StackModel

extension StackMetrics.Route {
    /// The routes in the order of their services and names, each with its servers. `mode`: that of a service's route.
    static func all(
        in statistics: [RouteStatistics], mode: (ServiceName, String) -> RouteSpec.Mode?
    ) -> [StackMetrics.Route] {
        statistics.reduce(into: []) { routes, row in
            if routes.last?.service != row.service.text || routes.last?.name != row.route {
                routes.append(Self(service: row.service.text, name: row.route, queue: 0, servers: []))
            }
            routes[routes.count - 1].add(row, hasResponses: mode(row.service, row.route) == .http)
        }
    }

    private mutating func add(_ row: RouteStatistics, hasResponses: Bool) {
        queue += UInt64(row.waiting)
        servers.append(
            StackMetrics.Route.Server(
                replica: row.target?.replica.index, revision: row.target?.revision.text,
                requests: hasResponses ? row.counters.byClass : [(nil, UInt64(row.counters.requests))],
                errors: UInt64(row.counters.errors), responseSeconds: row.responseTime?.inSeconds))
    }
}

extension RouteCounters {
    fileprivate var byClass: [(code: String?, count: UInt64)] {
        zip(["1xx", "2xx", "3xx", "4xx", "5xx", "other"], responses).map { ($0, UInt64($1)) }
    }
}
