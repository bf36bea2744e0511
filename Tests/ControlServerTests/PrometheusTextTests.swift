import ControlProtocol
@testable import ControlServer
import Testing

/// The text of `/metrics`; the integration tests have promtool read that of a daemon.
@Suite struct PrometheusTextTests {
    static let time = Timestamp(milliseconds: 1_500)

    static func metrics(state: ReplicaDocument.State = .running, service: String = "db") -> StackMetrics {
        let replica = ReplicaDocument(
            service: service, replica: 1, state: state, ready: true, pid: 42, instance: 7, restarts: 3, revision: "ab",
            since: time, reason: "it runs")
        let document = ServiceDocument(
            name: service, desired: .running, ready: true, revision: "ab", dependencies: [], scale: 2,
            replicas: [replica],
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
        let usage = StackMetrics.Usage(cpuSeconds: 1.25, memoryBytes: 4_096, processes: 2)
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
                cpuSeconds: 0.5, openDescriptors: 12, events: 99))
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
                #expect(line.hasPrefix(current) && types[current] != nil, "\(line)")
            }
        }
    }
}
