import StackModel

/// Specs as a stack file writes them: long forms, every default, `$` doubled where it stands for itself.
extension ServiceSpec {
    var json: JSONValue {
        .present([
            "command": .templates(process.command),
            "working_dir": process.workingDirectory.map { .template($0) },
            "environment": .nonEmpty(process.environment.map { .init($0.name, .template($0.value)) }),
            "stdin_open": .boolean(process.keepsStandardInputOpen),
            "secrets": .nonEmpty(secrets.map { .plain($0.name) }),
            "user": process.user.map { .plain($0) },
            "group": process.group.map { .plain($0) },
            "group_add": .nonEmpty(process.supplementaryGroups.map { .plain($0) }),
            "umask": process.umask.map { .plain($0.octalText) },
            "ulimits": .nonEmpty(process.limits.map { .init($0.resource.rawValue, $0.json) }),
            "nice": process.nice.map { .integer($0) },
            "oom_score_adj": process.oomScoreAdjustment.map { .integer($0) },
            "no_new_privileges": .boolean(process.noNewPrivileges),
            "depends_on": .nonEmpty(
                dependencies.map { dependency in
                    .init(
                        dependency.service.text,
                        [
                            "condition": .plain(dependency.condition.rawValue),
                            "restart": .boolean(dependency.restart),
                        ])
                }),
            "replicas": .integer(replicas),
            "autoscale": autoscale?.json,
            "resources": resources.json,
            "listen": .nonEmpty(listeners.map { .init($0.name, $0.json) }),
            "ports": .nonEmpty(ports.map { .init($0.name, $0.assignment.json) }),
            "route": .nonEmpty(routes.map { .init($0.name, $0.json) }),
            "notify": .boolean(notify),
            "probes": JSONValue.present([
                "startup": probes.startup?.json, "readiness": probes.readiness?.json,
                "liveness": probes.liveness?.json,
            ]).unlessEmpty,
            "start_timeout": startTimeout.map { .duration($0) } ?? "infinity",
            "watchdog": watchdog.map { .duration($0) },
            "restart": restart.json,
            "stop_signal": .plain(stop.signal.description),
            "stop_grace_period": .duration(stop.gracePeriod),
            "pre_stop": stop.preStop.map { .templates($0) },
            "drain": .duration(stop.drain),
            "logging": logging.json,
            "rollout": schedule == nil ? rollout.json : nil,
            "on_secret_change": secrets.isEmpty ? nil : onSecretChange.json,
            "schedule": schedule?.json,
            "develop": watches.isEmpty ? nil : ["watch": .array(watches.map(\.json))],
        ])
    }
}

extension LogSpec {
    fileprivate var json: JSONValue {
        let driver = JSONValue.Member("driver", .plain(destination.name))
        switch destination {
        case .journal, .nowhere: return .object([driver])
        case .files:
            return .present([
                "driver": driver.value, "max_size": .plain(maximumSize.description),
                "max_files": .integer(maximumFiles), "max_age": maximumAge.map { .duration($0) },
                "compress": .boolean(compresses),
            ])
        }
    }
}

extension ScheduleSpec {
    fileprivate var json: JSONValue {
        let (expression, zone, interval): (JSONValue?, JSONValue?, JSONValue?) =
            switch trigger {
            case .cron(let expression, let zone): (.plain(expression.description), .plain(zone.name), nil)
            case .interval(let interval): (nil, nil, .duration(interval))
            }
        return .present([
            "cron": expression, "time_zone": zone, "every": interval, "overlap": .plain(overlap.rawValue),
            "run_on_start": .boolean(runsOnStart), "history": .integer(history),
        ])
    }
}

extension WatchSpec {
    fileprivate var json: JSONValue {
        .present([
            "path": .plain(path), "action": "restart", "ignore": .nonEmpty(ignore.map { .plain($0.text) }),
            "include": .nonEmpty(include.map { .plain($0.text) }), "debounce": .duration(debounce),
        ])
    }
}

extension ControlSpec {
    /// Nil where it grants nothing and listens nowhere.
    var json: JSONValue? {
        JSONValue.present([
            "access": .nonEmpty(
                grants.map { grant in
                    .init(
                        grant.role.rawValue,
                        .present([
                            "users": .nonEmpty(grant.users.map { .plain($0) }),
                            "groups": .nonEmpty(grant.groups.map { .plain($0) }),
                        ]))
                }),
            "listen": listener.map { .plain(NetworkAddress.text(host: $0.host, port: String($0.port))) },
            "tokens": .nonEmpty(
                tokens.map {
                    ["name": .plain($0.name), "role": .plain($0.role.rawValue), "file": .plain($0.file)]
                }),
        ]).unlessEmpty
    }
}

extension ResourceLimit {
    fileprivate var json: JSONValue {
        ["soft": .number(soft.map { String($0) } ?? "-1"), "hard": .number(hard.map { String($0) } ?? "-1")]
    }
}

extension RestartSpec {
    fileprivate var json: JSONValue {
        let policy: String
        switch mode {
        case .no: policy = "no"
        case .onFailure(nil): policy = "on-failure"
        case .onFailure(let count?): policy = "on-failure:\(count)"
        case .always: policy = "always"
        case .unlessStopped: policy = "unless-stopped"
        }
        return .present([
            "policy": .string(policy),
            "backoff": [
                "initial": .duration(backoff.initial),
                "factor": .number(Thousandths.text(backoff.factorThousandths)),
                "max": .duration(backoff.maximum),
            ],
            "budget": budget.map { ["restarts": .integer($0.restarts), "within": .duration($0.within)] },
        ])
    }
}

extension ProbeSpec {
    fileprivate var json: JSONValue {
        let (key, value) = handler.entry
        return [
            key: value, "initial_delay": .duration(initialDelay), "period": .duration(period),
            "timeout": .duration(timeout), "success_threshold": .integer(successThreshold),
            "failure_threshold": .integer(failureThreshold),
        ]
    }
}

extension ProbeHandler {
    fileprivate var entry: (key: String, value: JSONValue) {
        switch self {
        case .exec(let command): ("exec", .templates(command))
        case .http(let probe): ("http", probe.json)
        case .tcp(let host, let port): ("tcp", ["port": port.json, "host": .plain(host)])
        case .unix(let path): ("unix", .template(path))
        case .grpc(let host, let port, let service):
            (
                "grpc",
                .present([
                    "port": port.json, "host": .plain(host), "service": service.isEmpty ? nil : .plain(service),
                ])
            )
        case .log(let pattern): ("log", ["pattern": .plain(pattern)])
        case .notify: ("notify", true)
        case .listening(let port): ("listening", ["port": port.json])
        case .mcp(let probe): ("mcp", probe.json)
        }
    }
}

extension ProbePort {
    fileprivate var json: JSONValue {
        switch self {
        case .number(let number): .integer(Int(number))
        case .named(let name): .plain(name)
        }
    }
}

extension HTTPProbe {
    fileprivate var json: JSONValue {
        .present([
            "port": port.json, "host": .plain(host), "path": .template(path),
            "headers": .nonEmpty(headers.map { .init($0.name, .template($0.value)) }),
            "status": .array(status.map { .plain("\($0.lowerBound)-\($0.upperBound)") }),
            "body": body.map { .plain($0) },
        ])
    }
}

extension MCPProbe {
    fileprivate var json: JSONValue {
        let tools = JSONValue.nonEmpty(tools.map { .plain($0) })
        switch transport {
        case .stdio(let command): return .present(["stdio": .templates(command), "tools": tools])
        case .http(let host, let port, let path):
            let server: JSONValue = ["port": port.json, "host": .plain(host), "path": .template(path)]
            return .present(["http": server, "tools": tools])
        }
    }
}
