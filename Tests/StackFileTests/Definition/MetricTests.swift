import StackModel
import Testing

@testable import StackFile

@Suite struct MetricTests {
    private static let routed = "ports: {a: auto}\nroute: {web: \":80\"}\n"

    private static func keys(_ metric: String) -> String {
        routed + "rollout: {steps: [{analysis: {metrics: [{\(metric)}]}}]}"
    }

    private func metric(_ text: String) throws -> AnalysisMetric? {
        guard case .analysis(let analysis)? = try service(Self.keys(text)).rollout.steps.first else { return nil }
        return analysis.metrics.first
    }

    @Test(arguments: [
        ("restarts: true", AnalysisMetric.Source.restarts, "restarts"), ("restarts: {}", .restarts, "restarts"),
        ("probe_failures: true", .probeFailures, "probe_failures"),
        ("route: error_rate", .route(name: "web", .errorRate), "error_rate"),
        ("route: {value: latency}", .route(name: "web", .latency), "latency"),
        ("route: {name: web, value: queue}", .route(name: "web", .queue), "queue"),
        ("name: slow, route: latency", .route(name: "web", .latency), "slow"),
        (
            "prometheus: {address: \"http://localhost:9090/prometheus/\", query: \"sum(up) > 1\"}",
            .prometheus(address: "http://localhost:9090/prometheus", query: "sum(up) > 1"), "sum(up) > 1"
        ),
    ])
    func sources(text: String, source: AnalysisMetric.Source, name: String) throws {
        let metric = try metric("\(text), success: < 5")
        #expect(metric == AnalysisMetric(name: name, source: source, success: .init(.less, 5)))
    }

    @Test(arguments: [
        ("route: error_rate, success: < 1%", AnalysisMetric.Condition(.less, 0.01)),
        ("route: error_rate, success: \"<= 0.05\"", .init(.lessOrEqual, 0.05)),
        ("route: error_rate, success: \"<5%\"", .init(.less, 0.05)),
        ("route: latency, success: < 250ms", .init(.less, 0.25)), ("route: latency, success: < 2", .init(.less, 2)),
        ("route: requests, success: \"> 100\"", .init(.greater, 100)),
        ("route: requests, success: \"!= 0\"", .init(.notEqual, 0)),
        ("restarts: true, success: \"==  0\"", .init(.equal, 0)),
        (
            "prometheus: {address: \"http://127.0.0.1:9090\", query: up}, success: \">= -1.5e3\"",
            .init(.greaterOrEqual, -1500)
        ),
    ])
    func conditions(text: String, condition: AnalysisMetric.Condition) throws {
        #expect(try metric(text)?.success == condition)
    }

    @Test func bothConditions() throws {
        let metric = try metric("probe_failures: true, success: < 1%, failure: \"> 10%\"")
        #expect(metric?.success == .init(.less, 0.01))
        #expect(metric?.failure == .init(.greater, 0.1))
    }

    @Test(arguments: [
        (
            "success: < 1",
            "5:45: error: a metric measures nothing; it has one of `restarts`, `probe_failures`, `prometheus`, `route`"
        ),
        (
            "restarts: true, probe_failures: true, success: < 1",
            "5:45: error: a metric measures several things; it has one of `restarts`, `probe_failures`, `prometheus`, `route`"
        ),
        (
            "restarts: true",
            "5:45: error: the metric does not say what is good or bad; add `success: \"< 1%\"`, or `failure`"
        ),
        ("restarts: false, success: < 1", "5:56: error: `restarts` cannot be `false`; it is `true`"),
        ("restart: true, success: < 1", "5:46: error: unknown key `restart`; did you mean `restarts`?"),
        (
            "restarts: true, success: \"1%\"",
            "5:71: error: `success` cannot be `1%`; it is a comparison such as `< 1%`, `>= 0.95` or `< 250ms`"
        ),
        (
            "restarts: true, success: < inf",
            "5:71: error: `success` cannot be `< inf`; it is a comparison such as `< 1%`, `>= 0.95` or `< 250ms`"
        ),
        ("restarts: true, failure: < 1%", "5:71: error: `failure` cannot be a percentage; `restarts` is a number"),
        ("route: requests, success: < 1s", "5:72: error: `success` cannot be a duration; `requests` is a number"),
        (
            "route: latency, success: < 5%",
            "5:71: error: `success` cannot be a percentage; `latency` is a time, such as `250ms`, or a number of seconds"
        ),
        (
            "route: error_rate, success: < 5s",
            "5:74: error: `success` cannot be a duration; `error_rate` is a share, such as `1%` or `0.01`"
        ),
        (
            "route: errors, success: < 1",
            "5:53: error: `route` cannot be `errors`; it is `error_rate`, `latency`, `requests` or `queue`"
        ),
        (
            "route: {name: wep, value: queue}, success: < 1",
            "5:60: error: `wep` leads to no route of `web`; did you mean `web`?"
        ),
        (
            "prometheus: {query: up}, success: < 1",
            "5:58: error: a Prometheus metric needs `address`; it is a server such as `http://127.0.0.1:9090`"
        ),
        (
            "prometheus: {address: \"https://127.0.0.1:9090\", query: up}, success: < 1",
            "5:68: error: stackd does not speak TLS; name a server of this host, or a proxy's address: `http://127.0.0.1:9090`"
        ),
        (
            "prometheus: {address: \"http://prometheus:9090\", query: up}, success: < 1",
            "5:68: error: `address` cannot be `http://prometheus:9090`; it is a server such as `http://127.0.0.1:9090`"
        ),
        (
            "prometheus: {address: \"http://127.0.0.1\", query: up}, success: < 1",
            "5:68: error: `address` cannot be `http://127.0.0.1`; it is a server such as `http://127.0.0.1:9090`"
        ),
    ])
    func faults(metric: String, fault: String) {
        #expect(serviceFaults(Self.keys(metric)) == [fault])
    }

    @Test(arguments: [
        ("", "`web` has no route; add one: `route: {http: \"127.0.0.1:8080\"}`"),
        (
            "ports: {a: auto}\nroute: {y: \":81\", x: \":80\"}\n",
            "`web` has several routes, and the metric names none; name one: `route: {name: x, value: …}`"
        ),
    ])
    func withoutANameThereIsOneRoute(routes: String, message: String) {
        let line = routes.isEmpty ? 3 : 5
        let keys = routes + "rollout: {steps: [{analysis: {metrics: [{route: queue, success: < 1}]}}]}"
        #expect(serviceFaults(keys) == ["\(line):53: error: \(message)"])
    }
}
