import ControlProtocol
import StackModel
import SupervisorCore
import Testing

@testable import DaemonKit

/// What the core says of how many replicas there are, as the control API says it.
@Suite struct WireMappingScalingTests {
    private let clock = Clock()
    private let web = name("web")

    private func decision(_ metrics: [MetricVerdict] = [], _ limits: [ScalingLimit] = []) -> ScalingDecision {
        ScalingDecision(
            time: clock.instant, current: 5, desired: 4, metrics: metrics, recommendation: 3, stabilized: 4,
            limits: limits, removed: [ReplicaID(service: web, index: 2)])
    }

    private func document(_ decision: ScalingDecision) -> ScalingDocument.Decision {
        WireMapping(clock).document(decision)
    }

    @Test(arguments: [(Scale.Rule?.none, ScalingDocument.Rule.file), (.manual, .manual), (.autoscaler, .autoscaler)])
    func whoseNumberCounts(rule: Scale.Rule?, word: ScalingDocument.Rule) {
        let document = WireMapping(clock).document(ScalingSnapshot(rule: rule))
        #expect(document == ScalingDocument(rule: word))
    }

    @Test func anAutoscalerIsToldWithItsBoundsAndItsLatestDecision() {
        var scaling = ScalingSnapshot(rule: .autoscaler, isActive: true, awaitsConnection: true)
        scaling.policy = AutoscaleSpec(
            minimum: 0, maximum: 8, metrics: [Self.processor], interval: .milliseconds(2_500))
        let latest = decision()
        var earlier = latest
        earlier.desired = 7
        scaling.decisions = [latest, earlier]
        let document = WireMapping(clock).document(scaling)
        #expect(
            document
                == ScalingDocument(
                    rule: .autoscaler, active: true, awaitsConnection: true, minimum: 0, maximum: 8, interval: 2.5,
                    decision: self.document(latest)))
    }

    private static let processor = LoadMetric(name: "cpu", source: .cpu, target: .utilization(percent: 70))
    private static let memory = LoadMetric(name: "memory", source: .memory, target: .average(512 << 20))

    @Test func aDecisionIsToldWithItsNumbers() {
        let decision = decision()
        let document = document(decision)
        #expect(document.time == clock.time(of: decision.time))
        #expect((document.current, document.desired, document.recommendation, document.stabilized) == (5, 4, 3, 4))
        #expect(document.removed == ["web/2"] && document.reason == decision.reason)
    }

    @Test func metricsAreToldInTheirUnits() {
        let metrics = document(
            decision([
                MetricVerdict(
                    metric: Self.processor,
                    outcome: .proposal(
                        replicas: 4, value: 93, ratio: 1_329, .init(ready: 1, unready: 2, missing: 3, ignored: 4))),
                MetricVerdict(
                    metric: Self.memory,
                    outcome: .proposal(replicas: 3, value: 500 << 20, ratio: 977, .init(ready: 5))),
                MetricVerdict(metric: Self.processor, outcome: .failed("connection refused")),
            ])
        ).metrics
        #expect(
            metrics == [
                .init(
                    name: "cpu", target: "70%", value: "93%", ratio: 1.329, replicas: 4,
                    counted: .init(ready: 1, unready: 2, missing: 3, ignored: 4)),
                .init(
                    name: "memory", target: "512M", value: "500MiB", ratio: 0.977, replicas: 3,
                    counted: .init(ready: 5)),
                .init(name: "cpu", target: "70%", error: "connection refused"),
            ])
    }

    /// Words that scripts know, whatever the core calls it.
    @Test func limits() {
        let words: [(ScalingLimit, ScalingDocument.Limit.Code)] = [
            (.stabilization(.down, since: nil), .stabilization), (.policy(.up), .policy), (.disabled(.up), .disabled),
            (.minimum(2), .minimum), (.maximum(8), .maximum), (.missingMetrics, .missingMetrics),
            (.noMetrics, .noMetrics), (.pressure(.cpu, 950, limit: 900), .pressure),
            (.memory(needed: ByteCount(Int64(2)), available: ByteCount(Int64(1))), .memory),
            (.overcommit(.memory, committed: 2, capacity: 1), .overcommit), (.notIdle(until: nil), .notIdle),
        ]
        #expect(Set(words.map(\.1)) == Set(ScalingDocument.Limit.Code.allCases))
        #expect(
            document(decision([], words.map(\.0))).limits
                == words.map { ScalingDocument.Limit(code: $0.1, text: $0.0.description) })
    }
}
