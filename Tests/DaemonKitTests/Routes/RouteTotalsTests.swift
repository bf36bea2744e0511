import LinuxRuntime
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

@Suite struct RouteTotalsTests {
    private let web: ServiceName
    private let route: RouteName
    private let first = InstanceID(serial: 1)
    private let second = InstanceID(serial: 2)
    private var totals = RouteTotals()

    init() throws {
        web = try #require(ServiceName("web"))
        route = RouteName(service: web, route: "http")
    }

    private func server(_ index: Int, _ serial: UInt64, _ revision: String = "a") -> RoutedServer {
        RoutedServer(
            route: route, replica: ReplicaID(service: web, index: index), revision: Revision(revision),
            instance: InstanceID(serial: serial), port: 9000)
    }

    private func row(_ requests: Int, failures: Int = 0, current: Int = 0, time: Int = 0) -> HAProxyStatistics.Row {
        var row = HAProxyStatistics.Row(proxy: "web:http", server: "s")
        row.isHTTP = true
        // Some were tried twice.
        row.sessions = requests + 3
        row.responses = [0, requests - failures, 0, 0, failures, 0]
        row.currentSessions = current
        row.responseTime = time
        return row
    }

    private func only(_ replica: Int?, _ revision: String = "a") -> RouteStatistics? {
        let found = totals.statistics.filter {
            $0.target?.replica.index == replica && ($0.target == nil || $0.target?.revision.text == revision)
        }
        #expect(found.count <= 1)
        return found.first
    }

    @Test mutating func whatIsReadAgainReplacesWhatWasRead() throws {
        totals.take(row(5, failures: 1, current: 2, time: 30), of: server(0, 7), from: first)
        totals.take(row(9, failures: 2, current: 1, time: 40), of: server(0, 7), from: first)
        let statistics = try #require(only(0))
        #expect(statistics.counters.requests == 9)
        #expect(statistics.counters.responses == [0, 7, 0, 0, 2, 0])
        #expect((statistics.sessions, statistics.responseTime) == (1, .milliseconds(40)))
        #expect(statistics.target?.instance == InstanceID(serial: 7))
    }

    @Test mutating func countersGoOnOverInstancesAndHAProxies() throws {
        totals.take(row(5), of: server(0, 7), from: first)
        totals.retire(server(0, 7), from: first)
        #expect(only(0)?.counters.requests == 5)
        totals.take(row(3, current: 1), of: server(0, 8), from: first)
        totals.take(row(2, current: 1), of: server(0, 8), from: second)
        #expect(only(0)?.counters.requests == 10)
        #expect(only(0)?.sessions == 2)
        totals.retire(router: first)
        #expect(only(0)?.counters.requests == 10)
        #expect(only(0)?.sessions == 1)
        #expect(only(0)?.target?.instance == InstanceID(serial: 8))
    }

    @Test mutating func revisionsAreToldApart() {
        totals.take(row(5), of: server(0, 7, "a"), from: first)
        totals.take(row(3), of: server(0, 8, "b"), from: first)
        #expect(only(0, "a")?.counters.requests == 5)
        #expect(only(0, "b")?.counters.requests == 3)
    }

    @Test mutating func theTimesOfTheNewerHAProxyCount() {
        totals.take(row(5, time: 10), of: server(0, 7), from: second)
        totals.take(row(5, time: 900), of: server(0, 7), from: first)
        #expect(only(0)?.responseTime == .milliseconds(10))
        // One that has answered nothing has no times.
        totals.take(row(0), of: server(0, 7), from: second)
        #expect(only(0)?.responseTime == .milliseconds(900))
    }

    @Test mutating func theRouteItselfIsWhatNoServerHad() throws {
        totals.take(row(20, failures: 6, current: 9), ofServers: (4, 3), isWaitedFor: true, of: route, from: first)
        let statistics = try #require(only(nil))
        #expect(statistics.counters.responses == [0, 0, 0, 0, 2, 0])
        #expect(statistics.counters.requests == 2)
        #expect(statistics.waiting == 6)
        totals.take(row(20, failures: 6, current: 9), ofServers: (4, 3), isWaitedFor: false, of: route, from: first)
        #expect(only(nil)?.waiting == 0)
    }

    @Test mutating func theRoutesOwnCountersDoNotFall() {
        totals.take(row(20, failures: 6), ofServers: (4, 0), isWaitedFor: false, of: route, from: first)
        totals.take(row(22, failures: 7), ofServers: (6, 0), isWaitedFor: false, of: route, from: first)
        #expect(only(nil)?.counters.responses[4] == 2)
        totals.take(row(30, failures: 12), ofServers: (6, 0), isWaitedFor: false, of: route, from: first)
        #expect(only(nil)?.counters.responses[4] == 6)
        #expect(only(nil)?.counters.requests == 6)
    }

    @Test mutating func withoutHTTPConnectionsAreCounted() {
        var row = HAProxyStatistics.Row(proxy: "web:raw", server: "s")
        row.sessions = 4
        totals.take(row, of: server(0, 7), from: first)
        #expect(only(0)?.counters.requests == 4)
        #expect(only(0)?.responseTime == nil)
    }

    @Test mutating func formerRevisionsAreForgottenInTheEnd() {
        for number in 0..<30 {
            let server = server(0, UInt64(number), "r\(number)")
            totals.take(row(1), of: server, from: first)
            totals.retire(server, from: first)
        }
        #expect(totals.statistics.compactMap { $0.target?.revision.text }.sorted() == (20..<30).map { "r\($0)" })
    }

    @Test mutating func routesThatAreNoMoreAreForgotten() {
        totals.take(row(1), of: server(0, 1), from: first)
        totals.keep([RouteName(service: web, route: "other")])
        #expect(totals.statistics.isEmpty)
    }
}
