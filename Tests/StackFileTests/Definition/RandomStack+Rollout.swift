import StackModel

@testable import StackFile

extension RandomStack {
    /// - Parameters:
    ///   - hasFixedPort: two instances cannot stand at a time.
    ///   - routes: the names of those that there are statistics of.
    mutating func rollout(hasFixedPort: Bool, routes: [String]) -> RolloutSpec {
        let pace = pace(hasFixedPort: hasFixedPort)
        return RolloutSpec(
            pace: pace, rollbackPace: maybe { $0.pace(hasFixedPort: hasFixedPort) },
            progressDeadline: pace.minReady + duration(from: 1), onFailure: pick(RolloutSpec.FailureAction.allCases),
            failureTolerance: Int.random(in: 0...1000, using: &generator),
            steps: (0..<Int.random(in: 0...3, using: &generator)).map { _ in step(routes: routes) })
    }

    private mutating func pace(hasFixedPort: Bool) -> RolloutSpec.Pace {
        RolloutSpec.Pace(
            maxSurge: hasFixedPort ? pick([.count(0), .percent(0)]) : quota(), maxUnavailable: quota(),
            minReady: duration(from: 0), delay: duration(from: 0))
    }

    private mutating func quota() -> Quota {
        pick([.count(0), .count(1), .count(1000), .percent(0), .percent(25), .percent(100)])
    }

    private mutating func step(routes: [String]) -> RolloutSpec.Step {
        switch Int.random(in: 0...2, using: &generator) {
        case 0: return .replicas(pick([.count(1), .count(7), .percent(1), .percent(100)]))
        case 1: return .pause(maybe { $0.duration(from: 1) })
        default:
            let count = Int.random(in: 1...20, using: &generator)
            return .analysis(
                AnalysisSpec(
                    interval: duration(from: 1), count: count,
                    failureLimit: Int.random(in: 0..<count, using: &generator),
                    inconclusiveLimit: Int.random(in: 0..<count, using: &generator),
                    consecutiveErrorLimit: Int.random(in: 0...20, using: &generator),
                    metrics: (0..<Int.random(in: 1...3, using: &generator)).map { metric("m\($0) $x", routes: routes) })
            )
        }
    }

    private mutating func metric(_ name: String, routes: [String]) -> AnalysisMetric {
        var sources: [AnalysisMetric.Source] = [
            .restarts, .probeFailures,
            .prometheus(address: "http://127.0.0.1:9090/a", query: "sum(rate(x{a=\"$b\"}[1m])) or vector(0)"),
        ]
        sources += routes.map { .route(name: $0, pick(AnalysisMetric.RouteStatistic.allCases)) }
        let success = maybe { $0.condition() }
        return AnalysisMetric(
            name: name, source: pick(sources), success: success,
            failure: success == nil ? condition() : maybe { $0.condition() })
    }

    private mutating func condition() -> AnalysisMetric.Condition {
        .init(
            pick(AnalysisMetric.Condition.Comparison.allCases),
            pick([0, 0.1, 1.0 / 3, 1e-9, -5, 123_456_789, 1e300, .leastNonzeroMagnitude]))
    }
}
