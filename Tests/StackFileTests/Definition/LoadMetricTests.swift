import StackModel
import Testing

@testable import StackFile

@Suite struct LoadMetricTests {
    private static let endpoints = "listen: {http: \":80\"}\nports: {admin: auto}\nroute: {web: \":81\"}\n"

    private func metrics(_ text: String, keys: String = endpoints + "resources: {memory: 1G}\n") throws -> [LoadMetric]
    {
        try #require(try service(keys + "autoscale: {max: 4, metrics: [\(text)]}").autoscale).metrics
    }

    @Test(arguments: [
        ("{cpu: 70%}", LoadMetric(name: "cpu", source: .cpu, target: .utilization(percent: 70))),
        ("{cpu: 0.5}", LoadMetric(name: "cpu", source: .cpu, target: .average(500))),
        ("{memory: 80%}", LoadMetric(name: "memory", source: .memory, target: .utilization(percent: 80))),
        ("{memory: 512M, name: heap}", LoadMetric(name: "heap", source: .memory, target: .average(512 << 20))),
        ("{accept_queue: 16}", LoadMetric(name: "accept_queue", source: .acceptQueue, target: .average(16_000))),
        ("{connections: 1}", LoadMetric(name: "connections", source: .connections, target: .average(1000))),
        (
            "{prometheus: {metric: jobs, target: 0.5}}",
            LoadMetric(
                name: "jobs", source: .prometheus(PrometheusMetric(metric: "jobs", port: "admin")),
                target: .average(500))
        ),
        (
            "{prometheus: {metric: \"a:b\", target: 250ms, port: admin, path: /m?x=1, labels: {b: x, a: \"$$\"}, value: p99.9, timeout: 2s}}",
            LoadMetric(
                name: "a:b",
                source: .prometheus(
                    PrometheusMetric(
                        metric: "a:b", labels: [.init(name: "a", value: "$"), .init(name: "b", value: "x")],
                        reading: .quantile(999), port: "admin", path: "/m?x=1", timeout: .seconds(2))),
                target: .average(250))
        ),
        (
            "{route: {value: requests, target: 100}}",
            LoadMetric(name: "requests", source: .route(name: "web", .requests), target: .average(100_000))
        ),
        (
            "{route: {name: web, value: latency, target: 250ms}}",
            LoadMetric(name: "latency", source: .route(name: "web", .latency), target: .value(250))
        ),
        (
            "{route: {value: error_rate, target: 5%}}",
            LoadMetric(name: "error_rate", source: .route(name: "web", .errorRate), target: .value(50))
        ),
        (
            "{command: {exec: depth, target: 10}}",
            LoadMetric(name: "command", source: .command(["depth"], timeout: .seconds(5)), target: .average(10_000))
        ),
        (
            "{command: {exec: [depth, \"${run_dir}\"], target: 0.1, per: service, timeout: 1s}}",
            LoadMetric(
                name: "command",
                source: .command(["depth", Template(parts: [.runDirectory])], timeout: .seconds(1)),
                target: .value(100))
        ),
    ])
    func whatIsMeasured(text: String, metric: LoadMetric) throws {
        #expect(try metrics(text) == [metric])
    }

    @Test(arguments: [
        ("auto", PrometheusMetric.Reading.automatic), ("gauge", .gauge), ("rate", .rate), ("p50", .quantile(500)),
        ("p95", .quantile(950)), ("p100", .quantile(1000)), ("p0.1", .quantile(1)),
    ])
    func readings(text: String, reading: PrometheusMetric.Reading) throws {
        let found = try metrics("{prometheus: {metric: a, target: 1, value: \(text)}}")
        #expect(found.map(\.source) == [.prometheus(PrometheusMetric(metric: "a", reading: reading, port: "admin"))])
    }

    @Test func theOrderIsThatOfTheFile() throws {
        #expect(try metrics("{memory: 1G}, {cpu: 70%}, {cpu: 2, name: b}").map(\.name) == ["memory", "cpu", "b"])
    }

    private static let sources =
        "it has one of `cpu`, `memory`, `accept_queue`, `connections`, `prometheus`, `route`, `command`"

    @Test(arguments: [
        ("", "`metrics` is empty; name one, such as `{cpu: 70%}`"),
        ("{}", "a metric measures nothing; \(sources)"), ("{name: a}", "a metric measures nothing; \(sources)"),
        ("{cpu: 70%, connections: 1}", "a metric measures several things; \(sources)"),
        (
            "{cpu: 70%}, {cpu: 2}",
            "the metric at 3:35 is called `cpu` too; give one of them another `name`"
        ),
        (
            "{cpu: lots}",
            "`cpu` cannot be `lots`; it is a percentage such as `70%`, or a number of processors such as `0.5`"
        ),
        (
            "{cpu: 0%}",
            "`cpu` cannot be `0%`; it is a percentage such as `70%`, or a number of processors such as `0.5`"
        ),
        ("{memory: 0}", "`memory` cannot be `0`; it is a percentage such as `80%`, or a size such as `512M`"),
        ("{accept_queue: 0}", "`accept_queue` cannot be `0`; it is a whole number from 1 to 1000000"),
        (
            "{prometheus: {metric: a b, target: 1}}",
            "`metric` cannot be `a b`; it is the name of a metric, such as `http_requests_total`"
        ),
        (
            "{prometheus: {metric: a}}",
            "a Prometheus metric needs `target`; it is a number above 0 such as `0.5`, a percentage, or a duration"
        ),
        (
            "{prometheus: {metric: a, target: 0}}",
            "`target` cannot be `0`; it is a number above 0 such as `0.5`, a percentage, or a duration"
        ),
        (
            "{prometheus: {metric: a, target: 1, path: metrics}}",
            "`path` cannot be `metrics`; it is a path such as `/metrics`"
        ),
        (
            "{prometheus: {metric: a, target: 1, labels: [a]}}",
            "`labels` cannot be a list; it is a mapping of labels"
        ),
        (
            "{prometheus: {metric: a, target: 1, labels: {a-b: c}}}",
            "`a-b` is no name of a label; it is a letter or `_`, then letters, digits and `_`"
        ),
        (
            "{prometheus: {metric: a, target: 1, value: p101}}",
            "`value` cannot be `p101`; it is `auto`, `gauge`, `rate`, or a quantile such as `p95` or `p99.9`"
        ),
        (
            "{route: {value: latency, target: 5%}}",
            "`target` cannot be a percentage; `latency` is a time, such as `250ms`, or a number of seconds"
        ),
        (
            "{route: {value: speed, target: 1}}",
            "`value` cannot be `speed`; it is `error_rate`, `latency`, `requests` or `queue`"
        ),
        (
            "{command: {exec: [a, \"${replica.index}\"], target: 1}}",
            "`${replica.index}` is of one replica, and the command is run for all; leave it out"
        ),
        (
            "{command: {exec: [], target: 1}}", "the command is empty; its first word is the program"
        ),
        ("{command: {exec: a, target: 1, per: host}}", "`per` cannot be `host`; it is `replica` or `service`"),
    ])
    func faults(text: String, fault: String) {
        let found = load(file("autoscale: {max: 3, metrics: [\(text)]}\nports: {a: auto}\nroute: {b: \":80\"}"))
        #expect(
            found.diagnostics.map { "\($0.message); \($0.remedy ?? "")".replacing("/srv/shop/stack.yaml:", with: "") }
                == [fault])
    }
}
