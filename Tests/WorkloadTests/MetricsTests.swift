import Testing

@testable import WorkloadKit

@Suite struct MetricsTests {
    @Test func countersAndGaugesAddUpPerSeries() {
        let metrics = Metrics()
        metrics.count("requests_total", "Requests.", labels: [("route", "/b"), ("status", "200")])
        metrics.count("requests_total", "Requests.", labels: [("route", "/a"), ("status", "200")], by: 2)
        metrics.count("requests_total", "Requests.", labels: [("route", "/b"), ("status", "200")])
        metrics.adjust("in_flight", "In flight.", by: 3)
        metrics.adjust("in_flight", "In flight.", by: -1)
        #expect(
            metrics.render() == """
                # HELP in_flight In flight.
                # TYPE in_flight gauge
                in_flight 2
                # HELP requests_total Requests.
                # TYPE requests_total counter
                requests_total{route="/a",status="200"} 2
                requests_total{route="/b",status="200"} 2

                """)
    }

    @Test func aHistogramsBucketsAreCumulative() {
        let metrics = Metrics()
        for duration in [Duration.microseconds(500), .milliseconds(1), .milliseconds(3), .seconds(60)] {
            metrics.observe("seconds", "Time.", labels: [("route", "/")], duration)
        }
        let lines = Set(metrics.render().split(separator: "\n"))
        #expect(lines.contains("# TYPE seconds histogram"))
        #expect(lines.contains("seconds_bucket{route=\"/\",le=\"0.001\"} 2"))
        #expect(lines.contains("seconds_bucket{route=\"/\",le=\"0.0025\"} 2"))
        #expect(lines.contains("seconds_bucket{route=\"/\",le=\"0.005\"} 3"))
        #expect(lines.contains("seconds_bucket{route=\"/\",le=\"10.0\"} 3"))
        #expect(lines.contains("seconds_bucket{route=\"/\",le=\"+Inf\"} 4"))
        #expect(lines.contains("seconds_count{route=\"/\"} 4"))
    }

    @Test func labelsAreEscaped() {
        let metrics = Metrics()
        metrics.count("total", "Things.", labels: [("name", "a\"b\\c\nd")])
        #expect(metrics.render().contains(#"total{name="a\"b\\c\nd"} 1"#))
    }
}
