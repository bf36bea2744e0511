import StackModel
import Testing

@Suite struct RolloutSpecTests {
    @Test(arguments: [
        (Quota.count(2), 10, 2, 2), (.percent(25), 10, 3, 2), (.percent(25), 4, 1, 1), (.percent(0), 10, 0, 0),
        (.percent(100), 7, 7, 7), (.percent(1), 1, 1, 0), (.percent(50), 0, 0, 0), (.count(0), 3, 0, 0),
    ])
    func shares(quota: Quota, wanted: Int, up: Int, down: Int) {
        #expect(quota.roundedUp(of: wanted) == up)
        #expect(quota.roundedDown(of: wanted) == down)
    }

    @Test(arguments: [
        (AnalysisMetric.Condition.Comparison.less, [true, false, false]), (.lessOrEqual, [true, true, false]),
        (.greater, [false, false, true]), (.greaterOrEqual, [false, true, true]), (.equal, [false, true, false]),
        (.notEqual, [true, false, true]),
    ])
    func conditions(comparison: AnalysisMetric.Condition.Comparison, holds: [Bool]) {
        let condition = AnalysisMetric.Condition(comparison, 0.5)
        #expect([0.25, 0.5, 1].map { condition.holds(of: $0) } == holds)
    }
}
