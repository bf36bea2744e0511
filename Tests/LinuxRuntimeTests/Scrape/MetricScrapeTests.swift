import Testing

@testable import LinuxRuntime

private let server = #"""
    import http.server, time
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *rest): pass
        def do_GET(self):
            page, kind = b"# TYPE jobs gauge\njobs 7\n", "text/plain; version=0.0.4"
            if self.path == "/silent": time.sleep(60)
            if self.path == "/missing": return self.send_error(404)
            if self.path.startswith("/openmetrics"): kind = "application/openmetrics-text; version=1.0.0"
            if self.path == "/openmetrics": page += b"# EOF\n"
            if self.path == "/html": page, kind = b"<html>jobs</html>", "text/html"
            if self.path == "/accept": page = b'jobs{accept="%s"} 1\n' % self.headers["Accept"].encode()
            if self.path == "/broken": page = b"jobs{a=\"b\n"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            if self.path == "/large":
                line = b"".join(b'other{n="%d"} 1\n' % n for n in range(40000))
                self.wfile.write(line)
            if self.path == "/endless":
                while True: self.wfile.write((b"x" * 30000 + b"\n") * 10)
            self.wfile.write(page)
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(listener.server_address[1], flush=True)
    listener.serve_forever()
    """#

extension RealProcesses {
    @Suite struct MetricScrapeTests {
        private let harness: ProbeHarness
        private let port: UInt16

        init() throws {
            harness = try ProbeHarness()
            port = try harness.startServer(server).port
        }

        private func scrape(_ path: String, timeout: Duration = .seconds(20)) throws -> MetricScrape.Outcome {
            var outcome: MetricScrape.Outcome?
            _ = MetricScrape(
                [MetricSelector("jobs")], port: port, path: path, timeout: timeout, loop: harness.loop
            ) { outcome = $0 }
            #expect(outcome == nil)
            try harness.loop.run(until: "the page of \(path)") { outcome != nil }
            return try #require(outcome)
        }

        @Test(arguments: ["/metrics", "/openmetrics", "/large"]) func pages(path: String) throws {
            guard case .page(let metrics) = try scrape(path) else {
                Issue.record("no page at \(path)")
                return
            }
            #expect(metrics.map { $0.value(.automatic, since: nil) } == [.number(7)])
        }

        @Test func itAsksForTheFormatsThatItReads() throws {
            guard case .page(let metrics) = try scrape("/accept") else {
                Issue.record("no page")
                return
            }
            let accept = try #require(metrics[0].values.keys.first?["accept"])
            #expect(accept.hasPrefix("text/plain;version=0.0.4,application/openmetrics-text"))
        }

        @Test func aPageOfAnotherKindHasNoSuchSeries() throws {
            guard case .page(let metrics) = try scrape("/html") else {
                Issue.record("no page")
                return
            }
            guard case .failed = metrics[0].value(.automatic, since: nil) else {
                Issue.record("it has a value")
                return
            }
        }

        @Test(arguments: ["/missing", "/openmetrics-cut", "/broken", "/endless"]) func failures(path: String) throws {
            guard case .failed(let words) = try scrape(path) else {
                Issue.record("a page at \(path)")
                return
            }
            #expect(!words.isEmpty)
        }

        @Test func silenceAndNobody() throws {
            guard case .failed = try scrape("/silent", timeout: .milliseconds(50)) else {
                Issue.record("an answer of who is silent")
                return
            }
            let free = try LocalPort(listening: false)
            var outcome: MetricScrape.Outcome?
            _ = MetricScrape([], port: free.number, path: "/", timeout: .seconds(20), loop: harness.loop) {
                outcome = $0
            }
            try harness.loop.run(until: "the refusal") { outcome != nil }
            guard case .failed = outcome else {
                Issue.record("an answer of nobody")
                return
            }
        }

        @Test func whatIsTakenBackSaysNothing() throws {
            for turns in 0...2 {
                let scrape = MetricScrape(
                    [MetricSelector("jobs")], port: port, path: "/metrics", timeout: .seconds(20), loop: harness.loop
                ) { _ in Issue.record("an outcome of a scrape that was taken back") }
                for _ in 0..<turns { try harness.loop.turn(waiting: true) }
                scrape.cancel()
                _ = try self.scrape("/metrics")
            }
        }
    }
}
