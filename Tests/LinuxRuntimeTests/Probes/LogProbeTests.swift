import Testing

@testable import LinuxRuntime

extension RealProcesses {
    @Suite struct LogProbeTests {
        let harness: ProbeHarness

        init() throws {
            harness = try ProbeHarness()
        }

        @Test func passesWhenALineMatches() throws {
            let watch = LogWatch()
            var results: [ProbeResult] = []
            harness.runner.start(.log(watch)) { results.append($0) }
            let cancelled = harness.runner.start(.log(watch)) { _ in Issue.record("a cancelled probe reported") }
            try harness.loop.turn(waiting: true)
            #expect(results.isEmpty)
            cancelled.cancel()
            watch.matched()
            watch.matched()
            #expect(results == [.passed])
        }

        @Test func remembersTheMatch() throws {
            let watch = LogWatch()
            watch.matched()
            #expect(watch.hasMatched)
            #expect(try harness.result(of: .log(watch)) == .passed)
            #expect(try harness.result(of: .log(watch)) == .passed)
        }

        @Test func refusesAPattern() {
            let error = #expect(throws: ProbePatternError.self) { try LogPattern("(") }
            #expect(error?.description == "regular expression (: Unmatched ( or \\(")
        }
    }
}
