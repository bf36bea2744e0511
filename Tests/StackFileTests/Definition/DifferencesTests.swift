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
        (
            "listen: {http: \":80\"}", "listen: {http: {address: \"*:80\", backlog: 5}}",
            ["listen.http.address: 0.0.0.0:80 → *:80", "listen.http.backlog: 4096 → 5"]
        ),
        (
            "ports: {a: auto}",
            "ports: {a: auto}\nroute: {x: {listen: \":80\", mode: tcp}}\nrollout: {order: stop-first}",
            [
                "route.x.listen: - → 0.0.0.0:80", "route.x.to: - → a", "route.x.mode: - → tcp",
                "route.x.drain: - → 30s",
                "route.x.queue_timeout: - → 30s",
            ]
        ),
        (
            "", "rollout: {order: start-first, steps: [{pause: {}}]}",
            ["rollout.max_surge: 0 → 1", "rollout.max_unavailable: 1 → 0", "rollout.steps: - → [{pause: {}}]"]
        ),
        (
            "resources: {memory: 1G, cpus: 1}", "mem_limit: 2G\ncpus: 1",
            ["resources.memory: 1G → 2G"]
        ),
        ("", "pids_limit: 5", ["resources.pids: - → 5"]),
        (
            "replicas: 2\nautoscale: {max: 2, metrics: [{cpu: 70%}]}",
            "replicas: 2\nautoscale: {max: 3, metrics: [{cpu: 80%}], pressure: none, behavior: {scale_down: {tolerance: 0}}}",
            [
                "autoscale.max: 2 → 3", "autoscale.metrics: [{name: cpu, cpu: \"70%\"}] → [{name: cpu, cpu: \"80%\"}]",
                "autoscale.behavior.scale_down.tolerance: 10% → 0%", "autoscale.pressure.cpu: 90% → none",
                "autoscale.pressure.memory: 20% → none", "autoscale.pressure.io: 60% → none",
            ]
        ),
        ("replicas: 2", "replicas: 3\nstop_signal: INT", ["replicas: 2 → 3", "stop_signal: SIGTERM → SIGINT"]),
        (
            "", "develop: {watch: [{path: a}]}",
            ["develop.watch: - → [{path: /srv/shop/a, action: restart, debounce: \"500ms\"}]"]
        ),
        (
            "restart: on-failure", "restart: on-failure\nschedule: {every: 1h}",
            [
                "rollout.max_surge: 0 → -", "rollout.max_unavailable: 1 → -", "rollout.min_ready: 1s → -",
                "rollout.delay: 0s → -", "rollout.progress_deadline: 10m → -", "rollout.on_failure: rollback → -",
                "rollout.max_failure_ratio: 0 → -", "schedule.every: - → 1h", "schedule.overlap: - → skip",
                "schedule.run_on_start: - → false", "schedule.history: - → 10",
            ]
        ),
    ])
    func eachKeyThatIsAnother(before: String, after: String, expected: [String]) throws {
        #expect(try differences(before, after) == expected)
    }

    @Test func theExecutableAndTheSecretsCountByTheirContent() throws {
        var before = try service("nice: 1")
        before.secrets = [SecretSpec(name: "a", path: "/a", digest: "1"), SecretSpec(name: "b", path: "/b")]
        before.executable = ExecutableFile(path: "/bin/x", digest: "1")
        var after = before
        after.secrets[0].digest = "2"
        after.secrets[1].path = "/c"
        after.executable?.digest = "2"
        #expect(
            ResolvedFile.differences(from: before, to: after).map(\.key) == [
                "secrets.a.digest", "secrets.b.file", "executable.digest",
            ])
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func noneWhereAndOnlyWhereTheServicesAreTheSame(seed: UInt64) {
        var random = RandomStack(seed: seed)
        let services = random.spec().services
        for before in services {
            for after in services {
                let found = ResolvedFile.differences(from: before, to: after)
                #expect(found.isEmpty == (before.content == after.content))
                #expect(found.allSatisfy { $0.before != $0.after && !$0.key.isEmpty })
            }
        }
    }
}
