import StackModel
import Testing

@testable import StackFile

@Suite struct DifferencesTests {
    private func differences(_ before: String, _ after: String) throws -> [String] {
        try ResolvedFile.differences(from: service(before), to: service(after)).map {
            "\($0.key): \($0.before ?? "-") → \($0.after ?? "-")"
        }
    }

    @Test(arguments: [
        ("nice: 1", "nice: 1", []),
        ("nice: 1", "nice: 2", ["nice: 1 → 2"]),
        ("", "user: shop", ["user: - → shop"]),
        ("command: [a]", "command: [a, \"1 2\"]", ["command: [a] → [a, \"1 2\"]"]),
        (
            "environment: {PORT: 80, TOKEN: \"s $$ecret\", GONE: x}",
            "environment: {PORT: 81, TOKEN: \"t\", NEW: \"\"}",
            [
                "environment.GONE: x → -", "environment.PORT: 80 → 81", "environment.TOKEN: s $$ecret → t",
                "environment.NEW: - → ",
            ]
        ),
        (
            "probes: {readiness: {tcp: 80}}", "probes: {readiness: {tcp: 81, period: 2s}}",
            ["probes.readiness.tcp.port: 80 → 81", "probes.readiness.period: 10s → 2s"]
        ),
        ("", "listen: {http: \":80\"}", ["listen.http.address: - → 0.0.0.0:80"]),
        ("replicas: 2", "replicas: 3\nstop_signal: INT", ["replicas: 2 → 3", "stop_signal: SIGTERM → SIGINT"]),
        (
            "", "develop: {watch: [{path: a}]}",
            ["develop.watch: - → [{path: /srv/shop/a, action: restart, debounce: \"500ms\"}]"]
        ),
        (
            "restart: on-failure", "restart: on-failure\nschedule: {every: 1h}",
            [
                "schedule.every: - → 1h", "schedule.overlap: - → skip", "schedule.run_on_start: - → false",
                "schedule.history: - → 10",
            ]
        ),
    ])
    func eachKeyThatIsAnother(before: String, after: String, expected: [String]) throws {
        #expect(try differences(before, after) == expected)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func noneWhereAndOnlyWhereTheServicesAreTheSame(seed: UInt64) {
        var random = RandomStack(seed: seed)
        let services = random.spec().services
        for before in services {
            for after in services {
                let found = ResolvedFile.differences(from: before, to: after)
                #expect(found.isEmpty == (before.json == after.json))
                #expect(found.allSatisfy { $0.before != $0.after && !$0.key.isEmpty })
            }
        }
    }
}
