import StackModel
import SupervisorCore
import Testing

@testable import SupervisorSimulation

/// An analysis is counted as Argo Rollouts does.
@Suite struct ToldAnalysisTests {
    private func analysis(count: Int, failures: Int = 0, errors: Int = 0) -> ToldAnalysis {
        let metric = AnalysisMetric(
            name: "m", source: .restarts, success: .init(.less, 0.4), failure: .init(.greater, 0.6))
        return ToldAnalysis(
            AnalysisSpec(count: count, failureLimit: failures, consecutiveErrorLimit: errors, metrics: [metric]),
            at: .origin)
    }

    private func outcome(_ values: [Measurement.Value], _ analysis: ToldAnalysis) -> ToldAnalysis.Outcome {
        var analysis = analysis
        for (run, value) in values.enumerated() {
            analysis.ask(UInt64(run), at: .origin)
            _ = analysis.take(UInt64(run), [value])
        }
        return analysis.outcome
    }

    @Test func enoughGoodValuesMakeASuccess() {
        #expect(outcome([.number(0.1)], analysis(count: 2)) == .open)
        #expect(outcome([.number(0.1), .number(0.2)], analysis(count: 2)) == .successful)
    }

    @Test func oneMoreThanMayFailOrBeMissing() {
        #expect(outcome([.number(0.9)], analysis(count: 3)) == .failed)
        #expect(outcome([.number(0.9)], analysis(count: 3, failures: 1)) == .open)
        #expect(outcome([.failed("why")], analysis(count: 3)) == .failed)
        #expect(outcome([.failed("why"), .number(0.1), .failed("why")], analysis(count: 3, errors: 1)) == .open)
    }

    @Test func whatFitsNeitherIsInconclusive() {
        #expect(outcome([.number(0.5)], analysis(count: 3)) == .inconclusive)
        #expect(outcome([.none], analysis(count: 3)) == .inconclusive)
    }

    @Test func theAnswerToAnEarlierRunIsNone() {
        var analysis = analysis(count: 1)
        analysis.ask(2, at: .origin)
        #expect(analysis.take(1, [.number(0.9)]) == nil)
        #expect(analysis.take(2, [.number(0.1)]) == [.successful])
    }
}
