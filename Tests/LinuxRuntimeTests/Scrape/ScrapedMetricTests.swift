import Testing

@testable import LinuxRuntime

private func metric(_ name: String, _ page: String) throws -> ScrapedMetric {
    var reader = MetricPage([MetricSelector(name)])
    try reader.feed(Array(page.utf8)[...])
    try reader.finish()
    return try #require(reader.metrics.first)
}

@Suite struct ScrapedMetricTests {
    @Test func gaugesAreAddedUp() throws {
        let jobs = try metric("jobs", "# TYPE jobs gauge\njobs{q=\"a\"} 3\njobs{q=\"b\"} 4.5\njobs{q=\"c\"} NaN\n")
        #expect(jobs.value(.automatic, since: nil) == .number(7.5))
        #expect(jobs.value(.gauge, since: nil) == .number(7.5))
        #expect(try metric("jobs", "jobs 3\n").value(.automatic, since: nil) == .number(3))
    }

    @Test(arguments: ["jobs NaN\n", "jobs +Inf\n", "other 1\n", ""]) func whatIsNoNumber(page: String) throws {
        guard case .failed = try metric("jobs", page).value(.automatic, since: nil) else {
            Issue.record("\(page) has a value")
            return
        }
    }

    @Test func aCountersIncreaseInASecond() throws {
        let name = "requests_total"
        let before = try metric(name, "# TYPE \(name) counter\n\(name){a=\"1\"} 100\n\(name){a=\"2\"} 40\n")
        #expect(before.value(.automatic, since: nil) == .pending)
        // One has grown by 50, one has begun again and counted 10, one was not there.
        let now = try metric(
            name, "# TYPE \(name) counter\n\(name){a=\"1\"} 150\n\(name){a=\"2\"} 10\n\(name){a=\"3\"} 900\n")
        #expect(now.value(.automatic, since: (before, .seconds(5))) == .number(12))
        #expect(now.value(.rate, since: (before, .milliseconds(500))) == .number(120))
        #expect(now.value(.gauge, since: (before, .seconds(5))) == .number(1060))
        #expect(now.value(.rate, since: (before, .zero)) == .pending)
        #expect(now.value(.rate, since: (try metric(name, ""), .seconds(5))) == .pending)
    }

    @Test func theNameTellsACounterWhereTheTypeDoesNot() throws {
        let before = try metric("jobs_total", "jobs_total 1\n")
        #expect(
            try metric("jobs_total", "jobs_total 3\n").value(.automatic, since: (before, .seconds(1))) == .number(2))
    }

    @Test func aHistogramOrSummaryNeedsAQuantile() throws {
        for page in ["x_bucket{le=\"+Inf\"} 1\n", "# TYPE x summary\nx{quantile=\"0.5\"} 1\n"] {
            guard case .failed(let words) = try metric("x", page).value(.automatic, since: nil) else {
                Issue.record("\(page) has a value")
                continue
            }
            #expect(words.contains("p95"))
        }
    }

    @Test func aQuantileOfWhatWasObservedSince() throws {
        func page(_ label: String, _ counts: Int...) -> String {
            zip(["0.1", "0.2", "1e0", "+Inf"], counts).map { "t_bucket{s=\"\(label)\",le=\"\($0)\"} \($1)\n" }.joined()
        }
        let before = try metric("t", page("a", 1000, 1000, 1000, 1000) + page("b", 50, 90, 90, 90))
        #expect(before.value(.quantile(0.5), since: nil) == .pending)
        // 40 and 10 more up to 0.1, 20 more up to 0.2 and so on; the second has begun again.
        let now = try metric("t", page("a", 1040, 1050, 1070, 1080) + page("b", 10, 20, 40, 40) + page("c", 9, 9, 9, 9))
        guard case .number(let median) = now.value(.quantile(0.5), since: (before, .seconds(5))) else {
            Issue.record("there is no median")
            return
        }
        #expect(abs(median - 0.15) < 1e-9)
        #expect(now.value(.quantile(1), since: (before, .seconds(5))) == .number(1))
        // Nothing was observed.
        #expect(before.value(.quantile(0.5), since: (before, .seconds(5))) == .number(0))
        // The page was without it.
        #expect(now.value(.quantile(0.5), since: (try metric("t", ""), .seconds(5))) == .pending)
    }

    @Test func aSummarysQuantiles() throws {
        let page = """
            # TYPE t summary
            t{a="1",quantile="0.9"} 3
            t{a="2",quantile="0.9"} 4
            t{quantile="0.5"} NaN

            """
        let summary = try metric("t", page)
        #expect(summary.value(.quantile(0.9), since: nil) == .number(4))
        #expect(summary.value(.quantile(0.5), since: nil) == .number(0))
        guard case .failed = summary.value(.quantile(0.99), since: nil) else {
            Issue.record("it has a quantile that it does not tell")
            return
        }
        guard case .failed = try metric("jobs", "jobs 1\n").value(.quantile(0.5), since: nil) else {
            Issue.record("a gauge has a quantile")
            return
        }
    }
}

/// The cases of Prometheus' own tests (promql/promqltest/testdata/histograms.test).
@Suite struct HistogramBucketsTests {
    private static let positive = HistogramBuckets(counts: [0.1: 50, 0.2: 70, 1: 110, .infinity: 120])
    private static let negative = HistogramBuckets(counts: [-0.2: 10, -0.1: 20, 0.3: 20, .infinity: 30])

    @Test(arguments: [(0, 0), (0.25, 0.06), (0.5, 0.15), (0.75, 0.6), (0.9, 0.96), (1, 1)])
    func positiveBuckets(share: Double, value: Double) {
        #expect(abs(Self.positive.quantile(share) - value) < 1e-9)
    }

    @Test(arguments: [(0, -0.2), (0.25, -0.2), (0.5, -0.15), (0.75, 0.3), (1, 0.3)])
    func negativeBuckets(share: Double, value: Double) {
        #expect(abs(Self.negative.quantile(share) - value) < 1e-9)
    }

    @Test func withoutObservationsOrBoundsThereIsNone() {
        #expect(HistogramBuckets(counts: [1: 0, .infinity: 0]).quantile(0.5).isNaN)
        #expect(HistogramBuckets(counts: [1: 5, 2: 9]).quantile(0.5).isNaN)
        #expect(HistogramBuckets(counts: [.infinity: 9]).quantile(0.5).isNaN)
        #expect(HistogramBuckets().quantile(0.5).isNaN)
    }

    @Test func aCountBelowTheOneBeforeItIsTakenForThat() {
        #expect(HistogramBuckets(counts: [1: 10, 2: 9, .infinity: 10]).quantile(1) == 1)
    }
}
