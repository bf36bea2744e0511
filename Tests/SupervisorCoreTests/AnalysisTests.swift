import StackModel
import Testing

@testable import SupervisorCore

/// What measurements add up to.
@Suite struct AnalysisTests {
    private typealias Condition = AnalysisMetric.Condition

    private static func metric(success: Condition? = nil, failure: Condition? = nil) -> AnalysisMetric {
        AnalysisMetric(name: "errors", source: .restarts, success: success, failure: failure)
    }

    private struct Judgement: Sendable {
        var value: Double
        /// With both conditions, with `success` alone, with `failure` alone.
        var verdicts: [MeasurementRecord.Verdict]
    }

    private static let judgements = [
        Judgement(value: 0.5, verdicts: [.successful, .successful, .successful]),
        Judgement(value: 2, verdicts: [.inconclusive, .failed, .successful]),
        Judgement(value: 5, verdicts: [.failed, .failed, .failed]),
        Judgement(value: .nan, verdicts: [.inconclusive, .failed, .successful]),
    ]

    @Test func aValueIsJudgedByTheConditionsThatThereAre() {
        let (good, bad) = (Condition(.less, 1), Condition(.greater, 3))
        let metrics = [
            Self.metric(success: good, failure: bad), Self.metric(success: good), Self.metric(failure: bad),
        ]
        for judgement in Self.judgements {
            #expect(metrics.map { $0.judge(.number(judgement.value)) } == judgement.verdicts)
        }
    }

    @Test func whatHoldsOfBothIsBadAndWhatIsNoValueIsNeither() {
        let overlapping = Self.metric(success: Condition(.less, 10), failure: Condition(.greater, 3))
        #expect(overlapping.judge(.number(5)) == .failed)
        #expect(overlapping.judge(.none) == .inconclusive)
        #expect(overlapping.judge(.failed("refused")) == .error)
    }

    /// What one analysis says after each value: `+` good, `-` bad, `?` neither, `!` an error.
    private func verdicts(_ values: String, _ spec: AnalysisSpec) -> [Analysis.Verdict] {
        var analysis = Analysis(spec, at: .origin)
        return values.enumerated().map { run, value in
            analysis.ask(UInt64(run), at: .origin)
            let answer: Measurement.Value =
                switch value {
                case "+": .number(0)
                case "-": .number(9)
                case "?": .none
                default: .failed("refused")
                }
            return analysis.take(analysis.metrics.map { _ in answer }, at: .origin).1
        }
    }

    private func spec(_ count: Int, failures: Int = 0, inconclusive: Int = 0, errors: Int = 4) -> AnalysisSpec {
        AnalysisSpec(
            count: count, failureLimit: failures, inconclusiveLimit: inconclusive, consecutiveErrorLimit: errors,
            metrics: [Self.metric(success: Condition(.less, 1))])
    }

    @Test func itSucceedsWithItsLastMeasurement() {
        #expect(verdicts("+++", spec(3)) == [.undecided, .undecided, .successful])
        #expect(verdicts("+-+", spec(3, failures: 1)) == [.undecided, .undecided, .successful])
        #expect(verdicts("?+", spec(2, inconclusive: 1)) == [.undecided, .successful])
    }

    @Test func itFailsWithTheFirstFailureBeyondItsLimit() {
        #expect(verdicts("+-", spec(5)).last == .failed("errors failed once, and may never; it is 9.0"))
        #expect(verdicts("--", spec(5, failures: 1)).last == .failed("errors failed 2 times, and may once; it is 9.0"))
    }

    @Test func whatIsNeitherBeyondItsLimitIsInconclusive() {
        #expect(
            verdicts("?", spec(1))
                == [.inconclusive("errors said neither yes nor no once, and may never; it is without a value")])
    }

    /// An error is no measurement: it is made again, but not for ever.
    @Test func errorsInARowFailIt() {
        #expect(verdicts("!!+", spec(1, errors: 2)) == [.undecided, .undecided, .successful])
        #expect(verdicts("!+!", spec(2, errors: 1)) == [.undecided, .undecided, .undecided])
        #expect(
            verdicts("!!", spec(2, errors: 1)).last
                == .failed("errors could not be measured 2 times in a row; it is not to be had (refused)"))
    }

    @Test func onlyMetricsThatAreNotDoneAreMeasured() {
        let other = AnalysisMetric(name: "latency", source: .restarts, success: Condition(.less, 1))
        var spec = spec(1)
        spec.metrics.append(other)
        var analysis = Analysis(spec, at: .origin)
        analysis.ask(1, at: .origin)
        // No answer to the second.
        let (records, verdict) = analysis.take([.number(0)], at: .origin)
        #expect(records.map(\.verdict) == [.successful, .error])
        #expect(verdict == .undecided)
        #expect(analysis.metrics == [other])
    }

    @Test func aMeasurementIsDueAfterTheIntervalButNotBeforeTheAnswerToTheOneBefore() {
        var now = Instant.origin
        var analysis = Analysis(spec(2), at: now)
        #expect(!analysis.isDue(at: now))
        now = now.advanced(by: .seconds(10))
        #expect(analysis.isDue(at: now))
        analysis.ask(1, at: now)
        #expect(!analysis.isDue(at: now.advanced(by: .seconds(60))))
        _ = analysis.take([.number(0)], at: now.advanced(by: .seconds(3)))
        #expect(!analysis.isDue(at: now.advanced(by: .seconds(9))))
        #expect(analysis.isDue(at: now.advanced(by: .seconds(10))))
    }
}
