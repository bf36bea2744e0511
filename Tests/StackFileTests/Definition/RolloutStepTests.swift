import StackModel
import Testing

@testable import StackFile

@Suite struct RolloutStepTests {
    @Test(arguments: [
        ("{replicas: 1}", RolloutSpec.Step.replicas(.count(1))), ("{replicas: 25%}", .replicas(.percent(25))),
        ("{pause: 60s}", .pause(.seconds(60))), ("{pause: {duration: 1m}}", .pause(.seconds(60))),
        ("{pause: {}}", .pause(nil)),
        (
            "{analysis: {metrics: [{restarts: true, success: == 0}]}}",
            .analysis(
                AnalysisSpec(metrics: [
                    AnalysisMetric(name: "restarts", source: .restarts, success: .init(.equal, 0))
                ]))
        ),
        (
            "{analysis: {interval: 5s, count: 6, failure_limit: 2, inconclusive_limit: 1, consecutive_error_limit: 0, metrics: [{probe_failures: {}, failure: \">= 50%\"}]}}",
            .analysis(
                AnalysisSpec(
                    interval: .seconds(5), count: 6, failureLimit: 2, inconclusiveLimit: 1, consecutiveErrorLimit: 0,
                    metrics: [
                        AnalysisMetric(
                            name: "probe_failures", source: .probeFailures, failure: .init(.greaterOrEqual, 0.5))
                    ]))
        ),
    ])
    func steps(text: String, step: RolloutSpec.Step) throws {
        #expect(try service("rollout: {steps: [\(text)]}").rollout.steps == [step])
    }

    @Test func severalMeasurementsAreTenSecondsApart() throws {
        let steps = try service(
            "rollout: {steps: [{analysis: {count: 3, metrics: [{restarts: true, success: < 1}]}}]}"
        ).rollout.steps
        guard case .analysis(let analysis)? = steps.first else {
            Issue.record("\(steps)")
            return
        }
        #expect(analysis.interval == .seconds(10))
        #expect((analysis.failureLimit, analysis.inconclusiveLimit, analysis.consecutiveErrorLimit) == (0, 0, 4))
    }

    @Test(arguments: [
        ("{pauze: 1s}", "3:24: error: unknown key `pauze`; did you mean `pause`?"),
        ("{}", "3:23: error: the step does nothing; it has one of `replicas`, `pause` and `analysis`"),
        (
            "{replicas: 1, pause: 5s}",
            "3:23: error: the step does several things; it has one of `replicas`, `pause` and `analysis`"
        ),
        (
            "{replicas: 0}",
            "3:34: error: `replicas` cannot be `0`; it is a number of replicas from 1, or a percentage up to 100%"
        ),
        ("{pause: }", "3:31: error: `pause` has no value; it is a duration, or `{}`"),
        (
            "{pause: 0s}",
            "3:31: error: `pause` cannot be `0s`; it is a duration longer than 0, such as `10s`, `500ms` or `1m30s`"
        ),
        (
            "{analysis: {}}",
            "3:34: error: an analysis needs `metrics`; it is a list of metrics, such as `[{route: error_rate, success: \"< 1%\"}]`"
        ),
        (
            "{analysis: {metrics: []}}",
            "3:44: error: `metrics` is empty; name one, such as `{restarts: true, success: \"== 0\"}`"
        ),
        (
            "{analysis: {count: 3, failure_limit: 3, metrics: [{restarts: true, success: < 1}]}}",
            "3:60: error: of 3 measurements there are never more than `failure_limit`; it is below `count`"
        ),
        (
            "{analysis: {inconclusive_limit: 1, metrics: [{restarts: true, success: < 1}]}}",
            "3:55: error: of 1 measurements there are never more than `inconclusive_limit`; it is below `count`"
        ),
        (
            "{analysis: {metrics: [{restarts: true, success: < 1}, {restarts: true, failure: \"> 5\"}]}}",
            "3:77: error: two metrics are named `restarts`; give each its own `name`"
        ),
    ])
    func faults(text: String, fault: String) {
        #expect(serviceFaults("rollout: {steps: [\(text)]}") == [fault])
    }
}
