import ControlServer
import StackModel
import Testing

@testable import DaemonKit

/// What `/metrics` tells of routes.
@Suite struct RouteMetricsTests {
    private let web: ServiceName

    init() throws {
        web = try #require(ServiceName("web"))
    }

    private func row(_ route: String, _ target: (replica: Int, revision: String)?, requests: Int) -> RouteStatistics {
        var counters = RouteCounters()
        counters.requests = requests
        counters.responses = [0, requests - 3, 0, 0, 2, 1]
        counters.connectionErrors = 4
        counters.responseErrors = 1
        return RouteStatistics(
            service: web, route: route,
            target: target.map {
                .init(
                    replica: ReplicaID(service: web, index: $0.replica), revision: Revision($0.revision),
                    instance: InstanceID(serial: 7))
            }, counters: counters, sessions: 1, waiting: target == nil ? 5 : 0, responseTime: .milliseconds(250))
    }

    @Test func rowsAreGatheredByRoute() {
        let routes = StackMetrics.Route.all(
            in: [
                row("http", nil, requests: 10), row("http", (0, "ab"), requests: 20),
                row("http", (0, "cd"), requests: 30),
                row("tcp", (1, "ab"), requests: 40),
            ], mode: { $1 == "http" ? .http : .tcp })
        #expect(routes.map(\.name) == ["http", "tcp"])
        #expect(routes.map(\.queue) == [5, 0])
        #expect(routes[0].servers.map(\.replica) == [nil, 0, 0])
        #expect(routes[0].servers.map(\.revision) == [nil, "ab", "cd"])
        let codes = routes[0].servers[1].requests
        #expect(codes.map(\.code) == ["1xx", "2xx", "3xx", "4xx", "5xx", "other"])
        #expect(codes.map(\.count) == [0, 17, 0, 0, 2, 1])
        #expect(routes[0].servers[1].errors == 7)
        #expect(routes[0].servers[1].responseSeconds == 0.25)
        // Bytes have no classes.
        #expect(routes[1].servers[0].requests.map(\.code) == [nil])
        #expect(routes[1].servers[0].requests.map(\.count) == [40])
    }
}
