import Testing

@testable import LinuxRuntime

/// What is kept of a page, given in pieces of so many bytes.
private func read(_ text: String, _ selectors: MetricSelector..., pieces: Int = .max) throws -> [ScrapedMetric] {
    var page = MetricPage(selectors)
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        try page.feed(rest.prefix(pieces))
        rest = rest.dropFirst(pieces)
    }
    try page.finish()
    return page.metrics
}

@Suite struct MetricPageTests {
    private static let page = """
        # HELP http_requests_total The total number of HTTP requests.
        # TYPE http_requests_total counter
        http_requests_total{method="post",code="200"} 1027 1395066363000
        http_requests_total{method="post",code="400"}    3 1395066363000
        # Escaping in label values:
        msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9

        metric_without_timestamp_and_labels 12.47
        something_weird{problem="division by zero"} +Inf -3982045
        # TYPE http_request_duration_seconds histogram
        http_request_duration_seconds_bucket{le="0.05"} 24054
        http_request_duration_seconds_bucket{le="0.1"} 33444
        http_request_duration_seconds_bucket{le="+Inf"} 144320
        http_request_duration_seconds_sum 53423
        http_request_duration_seconds_count 144320
        # TYPE rpc_duration_seconds summary
        rpc_duration_seconds{quantile="0.5"} 4773
        rpc_duration_seconds{quantile="0.99"} NaN
        rpc_duration_seconds_sum 1.7560473e+07
        rpc_duration_seconds_count 2693

        """

    @Test(arguments: [1, 7, 64, Int.max]) func theFormatsOwnExample(pieces: Int) throws {
        let metrics = try read(
            Self.page, MetricSelector("http_requests_total"),
            MetricSelector("http_requests_total", labels: ["code": "400"]),
            MetricSelector("msdos_file_access_time_seconds"), MetricSelector("metric_without_timestamp_and_labels"),
            MetricSelector("something_weird"), MetricSelector("http_request_duration_seconds"),
            MetricSelector("http_request_duration_seconds_count"), MetricSelector("rpc_duration_seconds"),
            MetricSelector("rpc_duration_seconds_sum"), MetricSelector("no_such_metric"), pieces: pieces)
        #expect(metrics[0].kind == .counter)
        #expect(
            metrics[0].values == [["method": "post", "code": "200"]: 1027, ["method": "post", "code": "400"]: 3])
        #expect(metrics[1].values == [["method": "post", "code": "400"]: 3])
        #expect(
            metrics[2].values == [
                ["path": "C:\\DIR\\FILE.TXT", "error": "Cannot find file:\n\"FILE.TXT\""]: 1.458255915e9
            ])
        #expect(metrics[3].values == [[:]: 12.47] && metrics[3].kind == nil)
        #expect(metrics[4].values == [["problem": "division by zero"]: .infinity])
        #expect(metrics[5].kind == .histogram && metrics[5].values.isEmpty)
        #expect(metrics[5].histograms == [[:]: HistogramBuckets(counts: [0.05: 24054, 0.1: 33444, .infinity: 144320])])
        #expect(metrics[6].kind == .counter && metrics[6].values == [[:]: 144320])
        #expect(metrics[7].kind == .summary && metrics[7].quantiles[[:]]?[0.5] == 4773)
        #expect(metrics[7].quantiles[[:]]?[0.99]?.isNaN == true)
        #expect(metrics[8].kind == .counter && metrics[8].values == [[:]: 1.7560473e+07])
        #expect(metrics[9].isEmpty)
    }

    @Test func openMetrics() throws {
        let text = """
            # TYPE foo_seconds counter
            # UNIT foo_seconds seconds
            foo_seconds_total{a="b"} 17.0 1520879607.789 # {id="a"} 4 1.5
            foo_seconds_created{a="b"} 1520430000.123
            # TYPE bar histogram
            bar_bucket{le="8.0"} 2 # {trace_id="x\\"}y"} 0.67
            bar_bucket{le="+Inf"} 3
            bar_count 3
            # EOF
            """
        var page = MetricPage([
            MetricSelector("foo_seconds"), MetricSelector("foo_seconds_total"), MetricSelector("bar"),
        ])
        try page.feed(Array(text.utf8)[...])
        #expect(!page.hasEnd)
        try page.finish()
        #expect(page.hasEnd)
        for metric in page.metrics[..<2] {
            #expect(metric.kind == .counter)
            #expect(metric.values == [["a": "b"]: 17])
        }
        #expect(page.metrics[2].histograms == [[:]: HistogramBuckets(counts: [8: 2, .infinity: 3])])
    }

    /// As exporters write it that are not Prometheus' own.
    @Test func looseWhitespace() throws {
        let text =
            "  jobs { queue = \"a\" , } \t 3 \r\n#TYPE jobs gauge\r\njobs{queue=\"b\"}\t4\r\njobs{} 5\n# TYPE\n#\n\n"
        let jobs = try read(text, MetricSelector("jobs"))[0]
        #expect(jobs.kind == .gauge)
        #expect(jobs.values == [["queue": "a"]: 3, ["queue": "b"]: 4, [:]: 5])
    }

    @Test func whatOnlyBeginsWithTheNameIsAnother() throws {
        let text = "jobs_waiting 7\njobsx 8\njobs_total 9\njobs 1\njobs_total{a=\"b\"} 9\njobs 2\n"
        #expect(try read(text, MetricSelector("jobs"))[0].values == [[:]: 1])
        #expect(try read("jobs_total 9\n", MetricSelector("jobs"))[0].values == [[:]: 9])
    }

    @Test(arguments: [
        "jobs", "jobs ", "jobs x", "jobs 1 x", "jobs{ 1", "jobs{a} 1", "jobs{a=b} 1", "jobs{a=\"b} 1", "jobs{a=\"b\\",
        "jobs{a=\"b\" c=\"d\"} 1", "jobs{=\"b\"} 1", "jobs{a=\"b\"", "jobs 0x10", "jobs{a=\"b\"}", "jobs 1 2 3",
        "jobs " + String(repeating: "9", count: 70),
    ])
    func brokenSamples(line: String) throws {
        #expect(throws: ProbeFailure.self) { _ = try read("good 1\n\(line)\n", MetricSelector("jobs")) }
        // What nobody wants to know is nobody's business.
        #expect(try read("good 1\n\(line)\n", MetricSelector("good"))[0].values == [[:]: 1])
    }

    /// Whatever comes, it is read to its end or refused.
    @Test func garbage() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("jobs{}=\"\\,#TYPE _total_bucket le quantile 1.5e+NaInf\n\r\t \u{0}\u{ff}".utf8)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...120, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            var page = MetricPage([MetricSelector("jobs"), MetricSelector("j", labels: ["le": "1"])])
            for line in [bytes, Array("jobs".utf8) + bytes] {
                do throws(ProbeFailure) {
                    try page.feed(line[...])
                    try page.finish()
                } catch {
                    #expect(!error.words.isEmpty)
                }
            }
        }
    }

    @Test func bounds() throws {
        let tooLong = String(repeating: "x", count: MetricPage.lineLimit + 1)
        #expect(throws: ProbeFailure.self) { _ = try read(tooLong, MetricSelector("jobs")) }
        #expect(throws: ProbeFailure.self) {
            var page = MetricPage([])
            let line = Array(String(repeating: "x", count: 1 << 15).utf8) + [0x0A]
            while true { try page.feed(line[...]) }
        }
        let series = (0...MetricPage.seriesLimit).map { "jobs{n=\"\($0)\"} 1\n" }
        #expect(throws: ProbeFailure.self) { _ = try read(series.joined(), MetricSelector("jobs")) }
        #expect(try read(series.joined(), MetricSelector("jobs", labels: ["n": "3"]))[0].values.count == 1)
    }
}
