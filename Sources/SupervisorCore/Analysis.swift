import StackModel

/// One analysis of a canary: counts what its measurements say, with the meaning of Argo Rollouts.
///
/// A metric is done after `count` measurements that gave a value or said that there is none; those that gave an error are
/// made again. The analysis has succeeded when all of its metrics are done, and has failed with the first that does.
struct Analysis: Sendable {
    enum Verdict: Hashable, Sendable {
        /// There is more to measure.
        case undecided
        case successful
        case failed(String)
        case inconclusive(String)
    }

    private struct Tally {
        var measured = 0
        var failed = 0
        var inconclusive = 0
        var consecutiveErrors = 0
        /// What was measured last.
        var latest = Measurement.Value.none
    }

    let spec: AnalysisSpec
    /// That of the measurement which is awaited.
    private(set) var run: UInt64?
    /// When the next one is due, or may be once that is answered.
    private(set) var due: Instant
    private var tallies: [Tally]

    /// What has just come has nothing to show yet: it is not measured at once.
    init(_ spec: AnalysisSpec, at now: Instant) {
        self.spec = spec
        due = now.advanced(by: spec.interval)
        tallies = spec.metrics.map { _ in Tally() }
    }

    /// Those that are not done, in their order.
    var metrics: [AnalysisMetric] { open.map { spec.metrics[$0] } }

    private var open: [Int] { spec.metrics.indices.filter { tallies[$0].measured < spec.count } }

    /// A measurement is to be asked for now.
    func isDue(at now: Instant) -> Bool { run == nil && due <= now }

    mutating func ask(_ run: UInt64, at now: Instant) {
        self.run = run
        due = now.advanced(by: spec.interval)
    }

    /// Takes the answer: one value for each of `metrics`; one that lacks is an error.
    mutating func take(_ values: [Measurement.Value], at now: Instant) -> (records: [MeasurementRecord], Verdict) {
        run = nil
        var records: [MeasurementRecord] = []
        for (place, metric) in open.enumerated() {
            let value = place < values.count ? values[place] : .failed("no answer")
            let verdict = spec.metrics[metric].judge(value)
            records.append(
                MeasurementRecord(time: now, metric: spec.metrics[metric].name, value: value, verdict: verdict))
            tallies[metric].latest = value
            note(verdict, of: metric)
        }
        return (records, verdict)
    }

    private mutating func note(_ verdict: MeasurementRecord.Verdict, of metric: Int) {
        guard verdict != .error else {
            tallies[metric].consecutiveErrors += 1
            return
        }
        tallies[metric].consecutiveErrors = 0
        tallies[metric].measured += 1
        if verdict == .failed { tallies[metric].failed += 1 }
        if verdict == .inconclusive { tallies[metric].inconclusive += 1 }
    }

    /// The worst of the metrics' counts.
    private var verdict: Verdict {
        for (metric, tally) in zip(spec.metrics, tallies) {
            if tally.failed > spec.failureLimit {
                return .failed(
                    "\(metric.name) failed \(times(tally.failed)), and may \(times(spec.failureLimit)); "
                        + "it is \(tally.latest)")
            }
            if tally.consecutiveErrors > spec.consecutiveErrorLimit {
                return .failed(
                    "\(metric.name) could not be measured \(times(tally.consecutiveErrors)) in a row; "
                        + "it is \(tally.latest)")
            }
        }
        for (metric, tally) in zip(spec.metrics, tallies) where tally.inconclusive > spec.inconclusiveLimit {
            return .inconclusive(
                "\(metric.name) said neither yes nor no \(times(tally.inconclusive)), and may "
                    + "\(times(spec.inconclusiveLimit)); it is \(tally.latest)")
        }
        return open.isEmpty ? .successful : .undecided
    }

    private func times(_ count: Int) -> String {
        switch count {
        case 0: "never"
        case 1: "once"
        default: "\(count) times"
        }
    }
}

extension AnalysisMetric {
    /// A value of which `failure` holds is bad whatever `success` says, as in Argo Rollouts.
    func judge(_ value: Measurement.Value) -> MeasurementRecord.Verdict {
        switch value {
        case .failed:
            return .error
        case .none:
            return .inconclusive
        case .number(let number):
            let isGood = success?.holds(of: number) ?? !(failure?.holds(of: number) ?? false)
            let isBad = failure?.holds(of: number) ?? !isGood
            if isBad { return .failed }
            return isGood ? .successful : .inconclusive
        }
    }
}
