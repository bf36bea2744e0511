import StackModel

extension RolloutSpec {
    /// An order is no more than the numbers that it stands for, so it is not written.
    var json: JSONValue {
        .object(
            pace.json.members
                + JSONValue.present([
                    "progress_deadline": .duration(progressDeadline), "on_failure": .plain(onFailure.rawValue),
                    "max_failure_ratio": .number(Thousandths.text(failureTolerance)),
                    "steps": .nonEmpty(steps.map(\.json)), "rollback": rollbackPace?.json,
                ]).members)
    }
}

extension RolloutSpec.Pace {
    fileprivate var json: JSONValue {
        [
            "max_surge": maxSurge.json, "max_unavailable": maxUnavailable.json, "min_ready": .duration(minReady),
            "delay": .duration(delay),
        ]
    }
}

extension Quota {
    fileprivate var json: JSONValue {
        switch self {
        case .count(let count): .integer(count)
        case .percent(let percent): .plain("\(percent)%")
        }
    }
}

extension RolloutSpec.Step {
    fileprivate var json: JSONValue {
        switch self {
        case .replicas(let quota): ["replicas": quota.json]
        case .pause(let duration): ["pause": duration.map { .duration($0) } ?? [:]]
        case .analysis(let analysis): ["analysis": analysis.json]
        }
    }
}

extension AnalysisSpec {
    fileprivate var json: JSONValue {
        [
            "interval": .duration(interval), "count": .integer(count), "failure_limit": .integer(failureLimit),
            "inconclusive_limit": .integer(inconclusiveLimit),
            "consecutive_error_limit": .integer(consecutiveErrorLimit), "metrics": .array(metrics.map(\.json)),
        ]
    }
}

extension AnalysisMetric {
    fileprivate var json: JSONValue {
        let (key, value) = source.entry
        return .object(
            [.init("name", .plain(name)), .init(key, value)]
                + JSONValue.present(["success": success?.json, "failure": failure?.json]).members)
    }
}

extension AnalysisMetric.Source {
    fileprivate var entry: (key: String, value: JSONValue) {
        switch self {
        case .restarts: ("restarts", true)
        case .probeFailures: ("probe_failures", true)
        case .prometheus(let address, let query): ("prometheus", ["address": .plain(address), "query": .plain(query)])
        case .route(let name, let statistic): ("route", ["name": .plain(name), "value": .plain(statistic.rawValue)])
        }
    }
}

extension AnalysisMetric.Condition {
    fileprivate var json: JSONValue { .plain("\(comparison.rawValue) \(threshold)") }
}

extension SecretChangeAction {
    var json: JSONValue {
        switch self {
        case .rollout: "rollout"
        case .signal(let signal): ["signal": .plain(signal.description)]
        case .nothing: "none"
        }
    }
}
