import StackModel
import Testing

@testable import StackFile

@Suite struct SchemaTests {
    private static let validator = SchemaValidator(root: Schema.json)

    private func accepts(_ keys: String) -> Bool { accepts(file: file(keys)) }

    private func accepts(file: String) -> Bool { Self.validator.accepts(JSONValue(loadDocument(file).root)) }

    @Test(arguments: Examples.sound)
    func whatIsDecodedIsAccepted(keys: String) {
        #expect(load(file(keys)).spec != nil, "\(load(file(keys)).diagnostics.map(\.text))")
        #expect(accepts(keys))
    }

    @Test(arguments: [
        "nice: 40", "replicas: many", "depends_on: db", "comand: [a]", "image: a", "restart: allways", "drain: 10",
        "ports: [\"80:80\"]", "ports: {a: 0}", "probes: {readiness: {exce: [a]}}", "stop_grace_period: 10x",
        "ulimits: {nofiles: 1}", "logging: {driver: syslog}", "schedule: {overlap: often}",
        "develop: {watch: [{action: restart}]}", "develop: {watch: [{path: a, action: sync}]}", "command: {a: b}",
        "umask: \"999\"", "notify: 3",
        "listen: {\"1:x\": \":80\"}", "autoscale: {min: 1}", "autoscale: {max: 1, metrics: [{cpus: 70%}]}",
        "autoscale: {max: 1, metrics: [{cpu: 70%}], behavior: {up: {}}}", "resources: {memory: much}", "cpu_shares: x",
        "blkio_config: {weight: high}", "cpuset: all",
        "ports: {a: auto}\nautoscale: {max: 1, metrics: [{prometheus: {metric: a b, target: 1}}]}",
        "environment: [\"=a\"]", "listen: {x: {backlog: 5}}",
        "route: {x: {}}", "route: {x: {listen: \":80\", mode: udp}}", "rollout: {order: both}",
        "rollout: {max_surge: many}", "rollout: {steps: [{replica: 1}]}", "rollout: {steps: [{analysis: {}}]}",
        "rollout: {steps: [{analysis: {metrics: [{restarts: true, success: none}]}}]}", "secrets: {a: {file: b}}",
        "secrets: [{target: a}]",
    ])
    func whatIsRefusedByFormIsNotAccepted(keys: String) {
        #expect(load(file(keys)).spec == nil)
        #expect(!accepts(keys))
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func everyResolvedFileIsAccepted(seed: UInt64) {
        var random = RandomStack(seed: seed)
        let text = ResolvedFile(random.spec()).yaml
        #expect(accepts(file: text), "\(text)")
    }

    @Test func everyReferenceLeadsSomewhereAndEveryKeyIsExplained() {
        var descriptions = 0
        func visit(_ value: JSONValue) {
            switch value {
            case .array(let elements): elements.forEach(visit)
            case .object(let members):
                for member in members {
                    switch (member.key, member.value) {
                    case ("$ref", .string(let reference)):
                        let name = String(reference.dropFirst("#/$defs/".count))
                        #expect(Schema.json["$defs"]?[name] != nil, "\(reference)")
                    case ("description", .string(let text)):
                        descriptions += 1
                        #expect(text.hasSuffix("."), "\(text)")
                    default: break
                    }
                    visit(member.value)
                }
            case .null, .boolean, .number, .string: break
            }
        }
        visit(Schema.json)
        #expect(descriptions > 100)
    }

    @Test func theTextIsJSONThatYAMLReadsTheSame() {
        let again = JSONValue(loadDocument(StackFile.jsonSchema.replacing("$", with: "$$")).root)
        #expect(again.text.replacing("$$", with: "$") + "\n" == StackFile.jsonSchema)
    }

    @Test func theReferenceHasARowForEveryKey() {
        let rows = StackFile.reference.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let keys =
            StackDraft.fields.map(\.name) + ControlDraft.fields.map(\.name) + ServiceDraft.fields.map(\.name)
            + ListenerKeys.fields.map(\.name) + RouteKeys.fields.map(\.name) + Definition.probeFields.map(\.name)
            + RolloutDraft.fields.map(\.name) + AnalysisDraft.fields.map(\.name)
            + AnalysisMetricDraft.fields.map(\.name) + AutoscaleDraft.fields.map(\.name)
            + LoadMetricDraft.fields.map(\.name) + PrometheusLoadDraft.fields.map(\.name)
            + RouteLoadDraft.fields.map(\.name) + CommandLoadDraft.fields.map(\.name)
            + DirectionDraft.fields.map(\.name) + ResourceDraft.fields.map(\.name) + LoggingDraft.fields.map(\.name)
            + ScheduleDraft.fields.map(\.name) + WatchDraft.fields.map(\.name)
        #expect(rows.count == keys.count)
        for (row, key) in zip(rows, keys) { #expect(row.hasPrefix("| `\(key)` | ")) }
    }
}

/// Keys of services that are without a fault, for schema and fuzzing.
enum Examples {
    static let sound = [
        "command: [serve, --port, 80, true, 1.5, \"\"]", "command: serve --port 80", "entrypoint: [env]\ncommand: a",
        "environment: {A: 1, B: two, C: true, D: }", "environment: [A=1, B]", "working_dir: /tmp", "stdin_open: true",
        "user: 1000", "user: shop:web", "group: 5", "group_add: [audio, 44]", "umask: \"0027\"", "umask: 0027",
        "ulimits: {nofile: 1024, nproc: {soft: 5, hard: -1}}", "nice: -5", "oom_score_adj: 100",
        "no_new_privileges: true", "security_opt: [no-new-privileges:true]", "replicas: 3", "scale: 3",
        "deploy: {replicas: 2, mode: replicated, restart_policy: {condition: any, delay: 5s, max_attempts: 3, window: 1m}}",
        "deploy: {resources: {limits: {cpus: \"0.5\", memory: 50M, pids: 5}}, update_config: {order: start-first}}",
        "listen: {http: \"127.0.0.1:8000\", x: {address: \"unix:${run_dir}/x\"}, y: /y.sock}",
        "ports: {admin: auto, web: 8080}", "notify: true\nwatchdog: 30s\nstart_timeout: infinity", "start_timeout: 0",
        "probes: {startup: {exec: [a], period: 250ms}, readiness: {tcp: 5432, timeout: 1.5s}, liveness: {notify: true}}",
        "probes: {readiness: {http: {port: 80, path: /r, headers: {A: b}, status: [200, 300-399], body: ok}}}",
        "probes: {readiness: {http: \"http://127.0.0.1:9090/-/ready\", success_threshold: 2}}",
        "probes: {readiness: {unix: /x}, liveness: {grpc: {port: 50051, service: a}}}",
        "probes: {readiness: {log: ready}, startup: {listening: 80}, liveness: {log: {pattern: a}}}",
        "probes: {readiness: {mcp: {stdio: true, tools: [a]}}, liveness: {mcp: {http: {port: 80}}}, startup: {mcp: 80}}",
        "healthcheck: {test: [CMD, a], interval: 10s, timeout: 5s, retries: 3, start_period: 1m, start_interval: 1s}",
        "healthcheck: {disable: true}", "healthcheck: {test: curl -f localhost || exit 1}", "restart: \"no\"",
        "restart: on-failure:5",
        "restart: {policy: always, backoff: {initial: 1s, factor: 1.5, max: 10s}, restarts: 5, within: 1m}",
        "restart: {budget: {restarts: 5, within: 1m}}", "stop_signal: SIGINT", "stop_signal: 2",
        "stop_grace_period: 1m30s",
        "stop_grace_period: 0", "pre_stop: [a, b]", "pre_stop: {exec: a b}", "command: a\npre_stop: [{command: a}]",
        "drain: 5s", "logging: {driver: local, options: {max-size: 10m, max-file: \"3\"}}",
        "logging: {max_size: 1M, max_files: 2, max_age: 1d, compress: true}", "logging: {driver: journald}",
        "logging: {driver: json-file, options: {compress: \"true\"}}", "logging: {driver: none}",
        "schedule: \"0 3 * * *\"", "schedule: \"@daily\"", "schedule: {every: 15m, overlap: queue, history: 0}",
        "schedule: {cron: \"*/5 * * * mon-fri\", time_zone: UTC, overlap: replace, run_on_start: true}",
        "develop: {watch: [{path: ./src, action: restart, ignore: [\"*.log\", cache/], include: \"**/*.py\"}]}",
        "develop: {watch: [{path: a, debounce: 0}, {path: b}]}", "develop: {}",
        "autoscale: {min: 2, max: 8, metrics: [{cpu: 70%}, {memory: 512M}]}",
        "ports: {a: auto}\nautoscale: {max: 8, metrics: [{prometheus: {metric: a, target: 0.5}}]}",
        "ports: {a: auto}\nautoscale: {max: 8, metrics: [{prometheus: {metric: a, target: 5ms, port: a, path: /x, labels: {b: c}, value: p95, timeout: 1s}}, {command: {exec: [a, b], target: 5%, per: service, timeout: 1s}, name: jobs}]}",
        "ports: {a: auto}\nroute: {b: \":80\"}\nautoscale: {min: 0, max: 8, idle_after: 1m, metrics: [{route: {value: requests, target: 100}}, {route: {name: b, value: latency, target: 250ms}}]}",
        "listen: {a: \":80\"}\nautoscale: {max: 8, metrics: [{cpu: 0.5}, {accept_queue: 16}, {connections: 9}], interval: 1s, pressure: none, overcommit: {cpus: 150%}, behavior: {scale_up: {select_policy: disabled}, scale_down: {stabilization_window: 1m, tolerance: 0.1, policies: [{percent: 10, period: 1m}, {replicas: 1, period: 1m}]}}}",
        "mem_limit: 1G\nautoscale: {max: 2, metrics: [{memory: 80%}], pressure: {cpu: none, memory: 20%, io: 0.5}, cpu_initialization_period: 1m, initial_readiness_delay: 0}",
        "resources: {cpus: 2, memory: 4G, memory_high: 3G, memory_reservation: 1G, cpu_reservation: 0.5, swap: 0, pids: 9, cpu_weight: 50, io_weight: 50, cpuset: \"0-3,5\", cpu_period: 50ms}",
        "mem_limit: 1G\nmemswap_limit: 2G\nmem_reservation: 1M\ncpu_quota: 50000\ncpu_period: 100000\ncpu_shares: 512\npids_limit: -1\nblkio_config: {weight: 300}\ncpuset: 3",
        "rollout: {max_surge: 25%, max_unavailable: 0, min_ready: 5s, on_failure: rollback, steps: [{pause: 60s}]}",
        "rollout: {order: stop-first, delay: 1s, max_failure_ratio: 0.5, rollback: {order: start-first, max_surge: 2}}",
        "rollout: {steps: [{replicas: 1}, {pause: {}}, {replicas: 25%}, {pause: {duration: 5s}}]}",
        "rollout: {steps: [{analysis: {interval: 1s, count: 3, failure_limit: 1, metrics: [{restarts: {}, failure: \"> 0\"}]}}]}",
        "rollout: {steps: [{analysis: {metrics: [{name: p99, prometheus: {address: \"http://127.0.0.1:9090\", query: up}, success: \"< 250ms\", failure: \">= 1e3\"}]}}]}",
        "ports: {http: auto}\nroute: {web: {listen: \"*:80\", to: http, host: [a.example, \"*.b\"], path: /x, drain: 0s, queue_timeout: 1m}}\n"
            + "rollout: {steps: [{analysis: {metrics: [{route: error_rate, success: \"< 1%\"}, {route: {name: web, value: latency}, success: \"< 1\"}, {probe_failures: true, success: \"== 0\"}]}}]}",
        "ports: {http: auto}\nroute: {web: \"127.0.0.1:8080\", raw: {listen: \":81\", mode: tcp}}", "secrets: []",
        "listen: {a: \"udp:127.0.0.1:53\", b: {address: \":54/udp\", reuse_port: true}, c: \"@x\", d: unix-dgram:/x}\nenvironment: {A: \"${listen.a.fd}\"}",
        "listen: {a: {address: \"*:80\", backlog: 9, keepalive: true, fastopen: 5}, b: {address: /x, mode: \"0600\", user: a, group: 5}}",
        "deploy: {update_config: {parallelism: 0, delay: 1s, monitor: 5s, failure_action: rollback, max_failure_ratio: 0.1}, rollback_config: {order: stop-first, failure_action: pause, max_failure_ratio: 0}}",
        "resources: {cpus: 2, memory: 4G}", "mem_limit: 1073741824", "cpus: 1.5", "x-mine: {a: [b]}",
        "profiles: []", "depends_on: []", "depends_on: {gone: {condition: service_started, required: false}}",
    ]
}
