import StackModel

extension AutoscaleSpec {
    var json: JSONValue {
        .present([
            "min": .integer(minimum), "max": .integer(maximum), "metrics": .array(metrics.map(\.json)),
            "interval": .duration(interval),
            "behavior": ["scale_up": scaleUp.json, "scale_down": scaleDown.json],
            "cpu_initialization_period": .duration(processorInitializationPeriod),
            "initial_readiness_delay": .duration(initialReadinessDelay),
            "idle_after": minimum == 0 ? .duration(idleAfter) : nil,
            "pressure": [
                "cpu": .pressure(pressure.cpu), "memory": .pressure(pressure.memory), "io": .pressure(pressure.io),
            ],
            "overcommit": ["cpus": .share(overcommit.cpus), "memory": .share(overcommit.memory)],
        ])
    }
}

extension AutoscaleSpec.Direction {
    fileprivate var json: JSONValue {
        [
            "stabilization_window": .duration(stabilizationWindow), "select_policy": .plain(select.rawValue),
            "policies": .array(policies.map(\.json)), "tolerance": .share(tolerance),
        ]
    }
}

extension AutoscaleSpec.Policy {
    fileprivate var json: JSONValue {
        let period = JSONValue.duration(period)
        switch amount {
        case .replicas(let count): return ["replicas": .integer(count), "period": period]
        case .percent(let percent): return ["percent": .integer(percent), "period": period]
        }
    }
}

extension LoadMetric {
    fileprivate var json: JSONValue {
        let (key, value) = entry
        return .object([.init("name", .plain(name)), .init(key, value)])
    }

    private var entry: (key: String, value: JSONValue) {
        switch source {
        case .cpu: ("cpu", jsonOfTarget)
        case .memory: ("memory", .plain(targetText))
        case .acceptQueue: ("accept_queue", jsonOfTarget)
        case .connections: ("connections", jsonOfTarget)
        case .prometheus(let source): ("prometheus", source.json(target: jsonOfTarget))
        case .route(let name, let statistic):
            ("route", ["name": .plain(name), "value": .plain(statistic.rawValue), "target": jsonOfTarget])
        case .command(let command, let timeout):
            (
                "command",
                [
                    "exec": .templates(command), "target": jsonOfTarget, "per": .plain(target.division),
                    "timeout": .duration(timeout),
                ]
            )
        }
    }

    private var jsonOfTarget: JSONValue {
        switch target {
        case .utilization: .plain(targetText)
        case .average, .value: .number(targetText)
        }
    }
}

extension LoadMetric.Target {
    fileprivate var division: String {
        switch self {
        case .utilization, .average: "replica"
        case .value: "service"
        }
    }
}

extension PrometheusMetric {
    fileprivate func json(target: JSONValue) -> JSONValue {
        .present([
            "metric": .plain(metric), "target": target, "port": .plain(port), "path": .plain(path),
            "labels": .nonEmpty(labels.map { .init($0.name, .plain($0.value)) }),
            "value": .plain(reading.text), "timeout": .duration(timeout),
        ])
    }
}

extension PrometheusMetric.Reading {
    fileprivate var text: String {
        switch self {
        case .automatic: "auto"
        case .gauge: "gauge"
        case .rate: "rate"
        case .quantile(let thousandths): "p" + Thousandths.text(thousandths * 100)
        }
    }
}

extension JSONValue {
    fileprivate static func share(_ thousandths: Int) -> JSONValue { .plain(Thousandths.text(thousandths * 100) + "%") }

    fileprivate static func pressure(_ thousandths: Int?) -> JSONValue { thousandths.map { .share($0) } ?? "none" }
}
