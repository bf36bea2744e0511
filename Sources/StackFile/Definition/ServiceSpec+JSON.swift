import StackModel

/// Specs as a stack file writes them: long forms, every default, `$` doubled where it stands for itself.
extension ServiceSpec {
    var json: JSONValue {
        fields(replicas: replicas)
    }

    /// What makes a revision: everything but how many of it there are.
    var contentForRevision: String {
        fields(replicas: nil).text
    }

    private func fields(replicas: Int?) -> JSONValue {
        .present([
            "command": .templates(process.command),
            "working_dir": process.workingDirectory.map { .template($0) },
            "environment": .nonEmpty(process.environment.map { .init($0.name, .template($0.value)) }),
            "stdin_open": .boolean(process.keepsStandardInputOpen),
            "user": process.user.map { .plain($0) },
            "group": process.group.map { .plain($0) },
            "group_add": .nonEmpty(process.supplementaryGroups.map { .plain($0) }),
            "umask": process.umask.map { .plain($0.octalText) },
            "ulimits": .nonEmpty(process.limits.map { .init($0.resource.rawValue, $0.json) }),
            "nice": process.nice.map { .integer($0) },
            "oom_score_adj": process.oomScoreAdjustment.map { .integer($0) },
            "no_new_privileges": .boolean(process.noNewPrivileges),
            "depends_on": .nonEmpty(
                dependencies.map { .init($0.service.text, ["condition": .plain($0.condition.rawValue)]) }),
            "replicas": replicas.map { .integer($0) },
            "listen": .nonEmpty(listeners.map { .init($0.name, ["address": $0.address.json]) }),
            "ports": .nonEmpty(ports.map { .init($0.name, $0.assignment.json) }),
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
            "logging": [
                "max_size": .plain(logging.maximumSize.description), "max_files": .integer(logging.maximumFiles),
            ],
        ])
    }
}

extension JSONValue {
    fileprivate static func template(_ template: Template) -> JSONValue { .string(template.description) }
    fileprivate static func templates(_ templates: [Template]) -> JSONValue { .array(templates.map { .template($0) }) }
    fileprivate static func integer(_ value: Int) -> JSONValue { .number(String(value)) }
    fileprivate static func duration(_ value: Duration) -> JSONValue { .string(value.text) }

    /// Nil for what has no member: it is not written at all.
    fileprivate static func nonEmpty(_ members: [Member]) -> JSONValue? { members.isEmpty ? nil : .object(members) }
    fileprivate static func nonEmpty(_ elements: [JSONValue]) -> JSONValue? {
        elements.isEmpty ? nil : .array(elements)
    }
    fileprivate var unlessEmpty: JSONValue? { self == .object([]) ? nil : self }

    /// A text that refers to nothing.
    fileprivate static func plain(_ text: String) -> JSONValue { .string(TemplateForm.escaped(text)) }
}

extension UInt16 {
    fileprivate var octalText: String {
        let digits = String(self, radix: 8)
        return String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
    }
}

extension ResourceLimit {
    fileprivate var json: JSONValue {
        ["soft": .number(soft.map { String($0) } ?? "-1"), "hard": .number(hard.map { String($0) } ?? "-1")]
    }
}

extension ListenerSpec.Address {
    fileprivate var json: JSONValue {
        switch self {
        case .tcp(let host, let port): .plain(NetworkAddress.text(host: host, port: String(port)))
        case .unix(let path): .string("unix:" + path.description)
        }
    }
}

extension PortSpec.Assignment {
    fileprivate var json: JSONValue {
        switch self {
        case .automatic: "auto"
        case .fixed(let port): .integer(Int(port))
        }
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
