import Testing

@testable import LinuxRuntime

extension RealProcesses {
    @Suite struct LogProbeTests {
        let harness: ProbeHarness

        init() throws {
            harness = try ProbeHarness()
        }

        private func observe(_ line: String, _ watch: LogWatch) { watch.observe(Array(line.utf8).span) }

        @Test func passesWhenALineMatches() throws {
            let watch = try LogWatch(pattern: "^ready: [0-9]+$")
            var results: [ProbeResult] = []
            harness.runner.start(.log(watch)) { results.append($0) }
            let cancelled = harness.runner.start(.log(watch)) { _ in Issue.record("a cancelled probe reported") }
            try harness.loop.turn(waiting: true)
            observe("not ready: 7", watch)
            #expect(results.isEmpty)
            cancelled.cancel()
            observe("ready: 7", watch)
            observe("ready: 8", watch)
            #expect(results == [.passed])
        }

        @Test func remembersTheMatch() throws {
            let watch = try LogWatch(pattern: "ready")
            observe("ready", watch)
            #expect(watch.hasMatched)
            #expect(try harness.result(of: .log(watch)) == .passed)
            #expect(try harness.result(of: .log(watch)) == .passed)
        }

        @Test func refusesAPattern() {
            let error = #expect(throws: ProbePatternError.self) { try LogWatch(pattern: "(") }
            #expect(error?.description == "regular expression (: Unmatched ( or \\(")
        }
    }
}
