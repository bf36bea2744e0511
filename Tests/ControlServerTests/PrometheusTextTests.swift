import ControlProtocol
@testable import ControlServer
import Testing

/// The text of `/metrics`; the integration tests have promtool read that of a daemon.
@Suite struct PrometheusTextTests {
    static let time = Timestamp(milliseconds: 1_500)

    static let scaling = ScalingDocument(
        rule: .autoscaler, active: true, minimum: 1, maximum: 8, interval: 5,
        decision: .init(
            time: time, current: 2, desired: 2, recommendation: 3, reason: "x",
            metrics: [
                .init(name: "cpu", target: "70%", value: "93%", ratio: 1.33, replicas: 3, counted: .init(ready: 2)),
                .init(name: "jobs", target: "16", error: "connection refused"),
            ]))

    static var usage: StackMetrics.Usage {
        var usage = StackMetrics.Usage(cpuSeconds: 1.25, memoryBytes: 4_096, processes: 2)
        (usage.throttledSeconds, usage.readBytes, usage.writtenBytes, usage.oomKills) = (0.5, 10, 20, 1)
        usage.pressureSeconds = [("cpu", 1.5), ("io", 3)]
        (usage.memoryPeakBytes, usage.threads, usage.openDescriptors, usage.descriptorRatio) = (8_192, 9, 60, 0.25)
        return usage
    }

    static func metrics(state: ReplicaDocument.State = .running, service: String = "db") -> StackMetrics {
        let replica = ReplicaDocument(
            service: service, replica: 1, state: state, ready: true, pid: 42, instance: 7, restarts: 3, revision: "ab",
            since: time, reason: "it runs")
        let document = ServiceDocument(
            name: service, desired: .running, ready: true, revision: "ab", dependencies: [], scale: 2,
            scaling: scaling, replicas: [replica],
            schedule: ScheduleDocument(
                trigger: "every 15m", next: Timestamp(milliseconds: 9_000),
                runs: [
                    .init(
                        origin: .schedule, due: time, ended: Timestamp(milliseconds: 4_000), outcome: .failed,
                        reason: "x"),
                    .init(
                        origin: .schedule, due: time, ended: Timestamp(milliseconds: 3_000), outcome: .succeeded,
                        reason: nil),
                ]),
            rollout: FakeController.rollout, history: [FakeController.revision])
        var latency = StackMetrics.Histogram(bounds: [0.001, 1])
        for seconds in [0.000_5, 0.001, 0.5, 7] { latency.observe(seconds) }
        return StackMetrics(
            stack: StackDocument(
                name: "shop", state: .degraded, ready: false, since: time, files: [],
                directories: .init(state: "/s", run: "/r", logs: "/l"),
                daemon: .init(pid: 7, version: "1.2.3", since: time)),
            services: [
                .init(
                    document: document,
                    replicas: [
                        .init(
                            document: replica, restarts: [("liveness", 2), ("exit", 1)],
                            probes: [.init(role: "liveness", passed: 3, failed: 1, latency: latency)], usage: usage,
                            logLines: 10, logBytes: 1_000, droppedLogLines: 1, droppedLogBytes: 99)
                    ])
            ],
            routes: [
                .init(
                    service: service, name: "http", queue: 5,
                    servers: [
                        .init(
                            replica: 1, revision: "ab", requests: [("2xx", 40), ("5xx", 2)], errors: 3,
                            responseSeconds: 0.25),
                        .init(replica: 1, revision: "cd", requests: [("2xx", 0)], errors: 0, responseSeconds: nil),
                        .init(replica: nil, revision: nil, requests: [("5xx", 7)], errors: 7, responseSeconds: nil),
                    ])
            ],
            daemon: .init(
                turns: latency, spawns: StackMetrics.Histogram(bounds: [0.001]), residentBytes: 9_000_000,
                cpuSeconds: 0.5, openDescriptors: 12, events: 99),
            hostPressure: [("cpu", 0.93), ("memory", 0)])
    }

    private func render(_ metrics: StackMetrics) -> [String] {
        var counts = RequestStatistics.Counts()
        counts.answers[.init(method: "GET", route: "/v1/stack", status: 200)] = 4
        counts.auditFailures = 1
        return PrometheusText.render(metrics, counts).split(separator: "\n").map { String($0) }
    }

    @Test func everyNumberIsThere() {
        let lines = render(Self.metrics())
        for line in [
            #"stackd_info{stack="shop",version="1.2.3"} 1"#, "stackd_stack_ready 0",
            #"stackd_stack_state{state="degraded"} 1"#, #"stackd_stack_state{state="ready"} 0"#,
            #"stackd_service_ready{service="db"} 1"#, #"stackd_service_replicas_wanted{service="db"} 2"#,
            #"stackd_service_replicas_ready{service="db"} 1"#,
            #"stackd_schedule_next_run_timestamp_seconds{service="db"} 9"#,
            #"stackd_schedule_last_run_timestamp_seconds{service="db"} 4"#,
            #"stackd_schedule_last_success_timestamp_seconds{service="db"} 3"#,
            #"stackd_replica_state{service="db",replica="1",state="running"} 1"#,
            #"stackd_replica_state{service="db",replica="1",state="failed"} 0"#,
            #"stackd_replica_ready{service="db",replica="1"} 1"#,
            #"stackd_replica_restarts_total{service="db",replica="1",cause="liveness"} 2"#,
            #"stackd_replica_cpu_seconds_total{service="db",replica="1"} 1.25"#,
            #"stackd_replica_memory_bytes{service="db",replica="1"} 4096"#,
            #"stackd_replica_processes{service="db",replica="1"} 2"#,
            #"stackd_replica_cpu_throttled_seconds_total{service="db",replica="1"} 0.5"#,
            #"stackd_replica_io_read_bytes_total{service="db",replica="1"} 10"#,
            #"stackd_replica_io_written_bytes_total{service="db",replica="1"} 20"#,
            #"stackd_replica_oom_kills_total{service="db",replica="1"} 1"#,
            #"stackd_replica_pressure_seconds_total{service="db",replica="1",resource="cpu"} 1.5"#,
            #"stackd_replica_pressure_seconds_total{service="db",replica="1",resource="io"} 3"#,
            #"stackd_replica_memory_peak_bytes{service="db",replica="1"} 8192"#,
            #"stackd_replica_threads{service="db",replica="1"} 9"#,
            #"stackd_replica_open_fds{service="db",replica="1"} 60"#,
            #"stackd_replica_open_fds_ratio{service="db",replica="1"} 0.25"#,
            #"stackd_host_pressure{resource="cpu"} 0.93"#, #"stackd_host_pressure{resource="memory"} 0"#,
            #"stackd_service_replicas_rule{service="db",rule="autoscaler"} 1"#,
            #"stackd_service_replicas_rule{service="db",rule="file"} 0"#,
            #"stackd_autoscaler_active{service="db"} 1"#, #"stackd_autoscaler_awaits_connection{service="db"} 0"#,
            #"stackd_autoscaler_minimum{service="db"} 1"#, #"stackd_autoscaler_maximum{service="db"} 8"#,
            #"stackd_autoscaler_recommendation{service="db"} 3"#,
            #"stackd_autoscaler_metric_ratio{service="db",metric="cpu"} 1.33"#,
            #"stackd_probe_results_total{service="db",replica="1",probe="liveness",result="failed"} 1"#,
            #"stackd_replica_log_lines_total{service="db",replica="1"} 10"#,
            #"stackd_replica_log_bytes_total{service="db",replica="1"} 1000"#,
            #"stackd_replica_log_dropped_lines_total{service="db",replica="1"} 1"#,
            #"stackd_replica_log_dropped_bytes_total{service="db",replica="1"} 99"#,
            #"stackd_service_revisions_total{service="db"} 2"#,
            #"stackd_rollout_phase{service="db",phase="paused"} 1"#,
            #"stackd_rollout_phase{service="db",phase="progressing"} 0"#,
            #"stackd_rollout_replicas_wanted{service="db"} 1"#, #"stackd_rollout_replicas_updated{service="db"} 0"#,
            #"stackd_rollout_replicas_available{service="db"} 0"#,
            #"stackd_route_requests_total{service="db",route="http",replica="1",revision="ab",code="5xx"} 2"#,
            #"stackd_route_requests_total{service="db",route="http",replica="1",revision="cd",code="2xx"} 0"#,
            #"stackd_route_requests_total{service="db",route="http",code="5xx"} 7"#,
            #"stackd_route_errors_total{service="db",route="http",replica="1",revision="ab"} 3"#,
            #"stackd_route_errors_total{service="db",route="http"} 7"#,
            #"stackd_route_response_seconds{service="db",route="http",replica="1",revision="ab"} 0.25"#,
            #"stackd_route_queue{service="db",route="http"} 5"#,
            "stackd_events_total 99", "process_cpu_seconds_total 0.5", "process_resident_memory_bytes 9000000",
            "process_open_fds 12", "process_start_time_seconds 1.5",
            #"stackd_http_requests_total{method="GET",route="/v1/stack",code="200"} 4"#,
            "stackd_audit_failures_total 1", "stackd_loop_turn_duration_seconds_count 4",
            "stackd_spawn_duration_seconds_count 0",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }

    @Test func aHistogramAddsUp() {
        let lines = render(Self.metrics()).filter { $0.hasPrefix("stackd_probe_duration_seconds") }
        let labels = #"service="db",replica="1",probe="liveness""#
        #expect(
            lines == [
                "stackd_probe_duration_seconds_bucket{\(labels),le=\"0.001\"} 2",
                "stackd_probe_duration_seconds_bucket{\(labels),le=\"1\"} 3",
                "stackd_probe_duration_seconds_bucket{\(labels),le=\"+Inf\"} 4",
                "stackd_probe_duration_seconds_sum{\(labels)} 7.5015",
                "stackd_probe_duration_seconds_count{\(labels)} 4",
            ])
    }

    @Test(arguments: ReplicaDocument.State.allCases)
    func aReplicaIsInOneState(state: ReplicaDocument.State) {
        let lines = render(Self.metrics(state: state)).filter { $0.hasPrefix("stackd_replica_state{") }
        #expect(lines.count == ReplicaDocument.State.allCases.count)
        #expect(lines.filter { $0.hasSuffix(" 1") }.map { $0.contains("\"\(state.rawValue)\"") } == [true])
    }

    /// Without a rollout no phase is the one, and nothing is said of replicas.
    @Test func aServiceWithoutARolloutIsInNoPhase() {
        var metrics = Self.metrics()
        metrics.services[0].document.rollout = nil
        let lines = render(metrics).filter { $0.hasPrefix("stackd_rollout") }
        #expect(lines.count == RolloutDocument.Phase.allCases.count && lines.allSatisfy { $0.hasSuffix(" 0") })
    }

    @Test(arguments: ScalingDocument.Rule.allCases)
    func oneRuleCounts(rule: ScalingDocument.Rule) {
        var metrics = Self.metrics()
        metrics.services[0].document.scaling.rule = rule
        let lines = render(metrics).filter { $0.hasPrefix("stackd_service_replicas_rule{") }
        #expect(lines.count == ScalingDocument.Rule.allCases.count)
        #expect(lines.filter { $0.hasSuffix(" 1") }.map { $0.contains("\"\(rule.rawValue)\"") } == [true])
    }

    @Test func withoutAnAutoscalerNothingIsSaidOfIt() {
        var metrics = Self.metrics()
        metrics.services[0].document.scaling = ScalingDocument(rule: .file)
        #expect(!render(metrics).contains { $0.contains("stackd_autoscaler") })
    }

    @Test func whatTheHostDoesNotTellHasNoSamples() {
        var metrics = Self.metrics()
        metrics.hostPressure = []
        metrics.services[0].replicas[0].usage = .init(cpuSeconds: 1, memoryBytes: 2, processes: 3)
        let lines = render(metrics)
        for family in [
            "cpu_throttled_seconds_total", "io_read_bytes_total", "io_written_bytes_total", "oom_kills_total",
            "pressure_seconds_total", "memory_peak_bytes", "threads", "open_fds", "open_fds_ratio",
        ] {
            #expect(!lines.contains { $0.contains("stackd_replica_\(family)") }, "\(family)")
        }
        #expect(lines.contains(#"stackd_replica_cpu_seconds_total{service="db",replica="1"} 1"#))
        #expect(!lines.contains { $0.contains("stackd_host_pressure") })
    }

    @Test func labelsAreEscaped() {
        let lines = render(Self.metrics(service: "a\"b\\c\nd"))
        #expect(lines.contains(#"stackd_service_ready{service="a\"b\\c\nd"} 1"#))
    }

    /// Each metric's samples stand together after its HELP and TYPE, which come once.
    @Test func metricsAreGrouped() {
        var types: [Substring: Substring] = [:]
        var current: Substring = ""
        for line in render(Self.metrics()) {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP ") {
                #expect(types[words[2]] == nil)
                current = words[2]
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == current)
                types[current] = words[3]
                #expect((words[3] == "counter") == current.hasSuffix("_total"))
            } else {
                let name = line.prefix { $0 != "{" && $0 != " " }
                let suffixes = types[current] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                #expect(suffixes.contains { name == current + $0 }, "\(line)")
            }
        }
    }
}
