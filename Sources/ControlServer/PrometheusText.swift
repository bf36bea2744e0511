import ControlProtocol

/// `/metrics`: Prometheus' text format, version 0.0.4.
///
/// Names and units follow "Metric and label naming" of Prometheus' documentation, the states kube-state-metrics: one
/// series a state, of which one is 1. What is said of the daemon's own process has the names that client libraries use.
struct PrometheusText {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    enum Kind: String {
        case counter, gauge, histogram
    }

    typealias Labels = [(name: String, value: String)]

    static func render(_ metrics: StackMetrics, _ counts: RequestStatistics.Counts) -> String {
        var writer = PrometheusText()
        writer.writeStack(metrics.stack)
        writer.writeServices(metrics.services)
        writer.writeScaling(metrics.services.map(\.document))
        writer.writeSchedules(metrics.services)
        writer.writeRollouts(metrics.services.map(\.document))
        writer.writeRoutes(metrics.routes)
        let replicas = metrics.services.flatMap(\.replicas)
        writer.writeReplicas(replicas)
        writer.writeUsage(replicas)
        writer.writeProbes(replicas)
        writer.writeLogs(replicas)
        writer.writeHost(metrics)
        writer.writeDaemon(metrics)
        writer.writeRequests(counts)
        return writer.text
    }

    // MARK: The stack

    private mutating func writeStack(_ stack: StackDocument) {
        family("stackd_info", .gauge, "The stack and the version of its daemon.") {
            $0.sample([("stack", stack.name), ("version", stack.daemon.version)], 1)
        }
        family("stackd_stack_ready", .gauge, "Whether every service is as it should be.") {
            $0.sample([], stack.ready)
        }
        family("stackd_stack_state", .gauge, "The state of the stack: 1 for the one that it is in.") { writer in
            for state in StackDocument.State.allCases {
                writer.sample([("state", state.rawValue)], state == stack.state)
            }
        }
    }

    private mutating func writeServices(_ services: [StackMetrics.Service]) {
        func labels(_ service: StackMetrics.Service) -> Labels { [("service", service.document.name)] }
        family("stackd_service_ready", .gauge, "Whether the service is as it should be.") { writer in
            for service in services { writer.sample(labels(service), service.document.ready) }
        }
        family("stackd_service_replicas_wanted", .gauge, "How many replicas there should be.") { writer in
            for service in services { writer.sample(labels(service), Double(service.document.scale)) }
        }
        family("stackd_service_replicas_ready", .gauge, "How many replicas are ready.") { writer in
            for service in services {
                writer.sample(labels(service), Double(service.document.replicas.count { $0.ready }))
            }
        }
    }

    private mutating func writeSchedules(_ services: [StackMetrics.Service]) {
        func write(_ name: String, _ help: String, _ value: (ScheduleDocument) -> Double?) {
            family(name, .gauge, help) { writer in
                for service in services {
                    guard let schedule = service.document.schedule, let value = value(schedule) else { continue }
                    writer.sample([("service", service.document.name)], value)
                }
            }
        }
        write("stackd_schedule_next_run_timestamp_seconds", "When the next run is due.") { $0.next?.seconds }
        write("stackd_schedule_last_run_timestamp_seconds", "When the last run that ended has ended.") { schedule in
            schedule.runs.compactMap(\.ended).max()?.seconds
        }
        write("stackd_schedule_last_success_timestamp_seconds", "When the last run that succeeded has ended.") {
            $0.runs.filter { $0.outcome == .succeeded }.compactMap(\.ended).max()?.seconds
        }
    }

    // MARK: Replicas

    static func labels(_ replica: StackMetrics.Replica) -> Labels {
        [("service", replica.document.service), ("replica", String(replica.document.replica))]
    }

    private mutating func writeReplicas(_ replicas: [StackMetrics.Replica]) {
        family("stackd_replica_state", .gauge, "The state of the replica: 1 for the one that it is in.") { writer in
            for replica in replicas {
                for state in ReplicaDocument.State.allCases {
                    writer.sample(
                        Self.labels(replica) + [("state", state.rawValue)], state == replica.document.state)
                }
            }
        }
        family("stackd_replica_ready", .gauge, "Whether the replica is ready.") { writer in
            for replica in replicas { writer.sample(Self.labels(replica), replica.document.ready) }
        }
        family("stackd_replica_restarts_total", .counter, "Restarts, by cause.") { writer in
            for replica in replicas {
                for (cause, count) in replica.restarts {
                    writer.sample(Self.labels(replica) + [("cause", cause)], Double(count))
                }
            }
        }
    }

    private mutating func writeProbes(_ replicas: [StackMetrics.Replica]) {
        func forEach(_ body: (StackMetrics.Probe, Labels) -> Void) {
            for replica in replicas {
                for probe in replica.probes { body(probe, Self.labels(replica) + [("probe", probe.role)]) }
            }
        }
        family("stackd_probe_results_total", .counter, "Results of probes.") { writer in
            forEach { probe, labels in
                writer.sample(labels + [("result", "passed")], Double(probe.passed))
                writer.sample(labels + [("result", "failed")], Double(probe.failed))
            }
        }
        family("stackd_probe_duration_seconds", .histogram, "How long probes took.") { writer in
            forEach { probe, labels in writer.samples(labels, probe.latency) }
        }
    }

    private mutating func writeLogs(_ replicas: [StackMetrics.Replica]) {
        func write(_ name: String, _ help: String, _ value: (StackMetrics.Replica) -> UInt64) {
            family(name, .counter, help) { writer in
                for replica in replicas { writer.sample(Self.labels(replica), Double(value(replica))) }
            }
        }
        write("stackd_replica_log_lines_total", "Lines of output.", \.logLines)
        write("stackd_replica_log_bytes_total", "Bytes of output.", \.logBytes)
        write("stackd_replica_log_dropped_lines_total", "Lines of output that could not be kept.", \.droppedLogLines)
        write("stackd_replica_log_dropped_bytes_total", "Bytes of output that could not be kept.", \.droppedLogBytes)
    }

    // MARK: The daemon

    private mutating func writeDaemon(_ metrics: StackMetrics) {
        let daemon = metrics.daemon
        family("stackd_events_total", .counter, "Events of the stack.") { $0.sample([], Double(daemon.events)) }
        family("stackd_loop_turn_duration_seconds", .histogram, "How long the supervision loop was busy at a time.") {
            $0.samples([], daemon.turns)
        }
        family("stackd_spawn_duration_seconds", .histogram, "From the order to spawn until the process ran.") {
            $0.samples([], daemon.spawns)
        }
        family("process_cpu_seconds_total", .counter, "Processor time of the daemon.") {
            $0.sample([], daemon.cpuSeconds)
        }
        family("process_resident_memory_bytes", .gauge, "Resident memory of the daemon.") {
            $0.sample([], Double(daemon.residentBytes))
        }
        family("process_open_fds", .gauge, "Open descriptors of the daemon.") {
            $0.sample([], Double(daemon.openDescriptors))
        }
        family("process_start_time_seconds", .gauge, "When the daemon was started.") {
            $0.sample([], metrics.stack.daemon.since.seconds)
        }
    }

    private mutating func writeRequests(_ counts: RequestStatistics.Counts) {
        family("stackd_http_requests_total", .counter, "Answers of the control API.") { writer in
            for (key, count) in counts.answers.sorted(by: { $0.key < $1.key }) {
                writer.sample(
                    [("method", key.method), ("route", key.route), ("code", String(key.status))], Double(count))
            }
        }
        family("stackd_audit_failures_total", .counter, "Entries of the audit log that could not be written.") {
            $0.sample([], Double(counts.auditFailures))
        }
    }

    // MARK: The format

    /// The samples of one metric; a metric without samples is left out.
    struct Samples {
        let name: String
        var text = ""

        mutating func sample(_ labels: Labels, _ value: Double, suffix: String = "") {
            let labels = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
            text += name + suffix + (labels.isEmpty ? "" : "{\(labels)}") + " \(Self.text(value))\n"
        }

        mutating func sample(_ labels: Labels, _ value: Bool) {
            sample(labels, value ? 1 : 0)
        }

        /// A histogram's buckets, each of which counts those before it too.
        mutating func samples(_ labels: Labels, _ histogram: StackMetrics.Histogram) {
            var count: UInt64 = 0
            let bounds = histogram.bounds.map { Self.text($0) } + ["+Inf"]
            for (bound, inside) in zip(bounds, histogram.counts) {
                count += inside
                sample(labels + [("le", bound)], Double(count), suffix: "_bucket")
            }
            sample(labels, histogram.sum, suffix: "_sum")
            sample(labels, Double(count), suffix: "_count")
        }

        private static func text(_ value: Double) -> String {
            Int64(exactly: value).map { String($0) } ?? "\(value)"
        }

        private static func escaped(_ text: String) -> String {
            guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return text }
            return text.map { $0 == "\\" ? #"\\"# : $0 == "\"" ? #"\""# : $0 == "\n" ? #"\n"# : String($0) }.joined()
        }
    }

    mutating func family(_ name: String, _ kind: Kind, _ help: String, _ write: (inout Samples) -> Void) {
        var samples = Samples(name: name)
        write(&samples)
        guard !samples.text.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n" + samples.text
    }
}

extension Timestamp {
    fileprivate var seconds: Double { Double(milliseconds) / 1_000 }
}

extension RequestStatistics.Key: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        (left.route, left.method, left.status) < (right.route, right.method, right.status)
    }
}
