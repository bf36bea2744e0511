import StackModel
import SupervisorCore

/// An analysis as an observer counts it, by the rules of Argo Rollouts.
struct ToldAnalysis {
    struct Tally {
        var failed = 0
        var inconclusive = 0
        var errorsInARow = 0
        /// Measurements that gave a value, whatever it was.
        var judged = 0
    }

    enum Outcome: Hashable {
        case open, failed, inconclusive, successful
    }

    let spec: AnalysisSpec
    /// The run whose answer counts.
    private(set) var run: UInt64?
    /// When it was measured last; before that, when its step began.
    private(set) var measuredAt: Instant
    private var tallies: [Tally]

    init(_ spec: AnalysisSpec, at now: Instant) {
        self.spec = spec
        measuredAt = now
        tallies = spec.metrics.map { _ in Tally() }
    }

    mutating func ask(_ run: UInt64, at now: Instant) {
        self.run = run
        measuredAt = now
    }

    /// Those that have not been measured often enough, in their order.
    private var open: [Int] { tallies.indices.filter { tallies[$0].judged < spec.count } }

    /// Returns the verdicts, in the order of the metrics; nil where that is not the answer that is waited for.
    mutating func take(_ run: UInt64, _ values: [Measurement.Value]) -> [MeasurementRecord.Verdict]? {
        guard run == self.run, values.count == open.count else { return nil }
        self.run = nil
        return zip(open, values).map { index, value in
            let verdict = spec.metrics[index].verdict(on: value)
            tallies[index].add(verdict)
            return verdict
        }
    }

    var outcome: Outcome {
        let hasFailed = tallies.contains {
            $0.failed > spec.failureLimit || $0.errorsInARow > spec.consecutiveErrorLimit
        }
        if hasFailed { return .failed }
        if tallies.contains(where: { $0.inconclusive > spec.inconclusiveLimit }) { return .inconclusive }
        return open.isEmpty ? .successful : .open
    }
}

extension ToldAnalysis.Tally {
    fileprivate mutating func add(_ verdict: MeasurementRecord.Verdict) {
        errorsInARow = verdict == .error ? errorsInARow + 1 : 0
        switch verdict {
        case .successful: break
        case .failed: failed += 1
        case .inconclusive: inconclusive += 1
        case .error: return
        }
        judged += 1
    }
}

extension AnalysisMetric {
    fileprivate func verdict(on value: Measurement.Value) -> MeasurementRecord.Verdict {
        switch value {
        case .failed: return .error
        case .none: return .inconclusive
        case .number(let number):
            if failure?.holds(of: number) == true { return .failed }
            if success?.holds(of: number) == true { return .successful }
            if success == nil { return .successful }
            return failure == nil ? .failed : .inconclusive
        }
    }
}
