/// What a page said of one metric: the series that are wanted of it.
public struct ScrapedMetric: Hashable, Sendable {
    enum Kind: String, Hashable, Sendable {
        case counter, gauge, histogram, summary
    }

    typealias Labels = [String: String]

    public let selector: MetricSelector
    /// Nil where the page does not say.
    var kind: Kind?
    var values: [Labels: Double] = [:]
    /// Of a histogram, by the labels without `le`.
    var histograms: [Labels: HistogramBuckets] = [:]
    /// Of a summary, by the labels without `quantile`, then by the quantile.
    var quantiles: [Labels: [Double: Double]] = [:]

    init(_ selector: MetricSelector) {
        self.selector = selector
    }

    private var name: String { selector.name }

    var isEmpty: Bool { values.isEmpty && histograms.isEmpty && quantiles.isEmpty }

    /// What it comes to. `former`: what the page said of it before, so long ago; nil where this is the first time.
    public func value(_ reading: MetricReading, since former: (metric: ScrapedMetric, ago: Duration)?) -> MetricValue {
        guard !isEmpty else { return .failed("there is no such series of \(name)") }
        switch reading {
        case .automatic: return automatic(since: former)
        case .gauge: return gauge
        case .rate: return rate(since: former)
        case .quantile(let share): return quantile(share, since: former)
        }
    }

    /// Whether what the reading makes of it is of the time since the page before, not of a moment.
    public func spansTime(_ reading: MetricReading) -> Bool {
        switch reading {
        case .automatic: isCounter
        case .gauge: false
        case .rate: true
        case .quantile: !histograms.isEmpty
        }
    }

    /// By its type, or, where the page does not say, by its name, which tells it by convention.
    private var isCounter: Bool { kind == .counter || kind == nil && name.hasSuffix("_total") }

    private func automatic(since former: (metric: ScrapedMetric, ago: Duration)?) -> MetricValue {
        if isCounter { return rate(since: former) }
        guard values.isEmpty || kind == .histogram || kind == .summary else { return gauge }
        return .failed("\(name) is a histogram or summary: it is to be said which quantile of it, such as p95")
    }

    /// Of those that are numbers.
    private var gauge: MetricValue {
        let numbers = values.values.filter { !$0.isNaN }
        guard !numbers.isEmpty else { return notASingleValue }
        return checked(numbers.reduce(0, +))
    }

    /// As Prometheus counts: of series that were there before, and from nothing where one has fallen.
    private func rate(since former: (metric: ScrapedMetric, ago: Duration)?) -> MetricValue {
        guard !values.isEmpty else { return notASingleValue }
        guard let former, former.ago > .zero else { return .pending }
        let increases = values.compactMap { labels, value in
            former.metric.values[labels].map { value < $0 ? value : value - $0 }
        }
        return increases.isEmpty ? .pending : checked(increases.reduce(0, +) / former.ago.inSeconds)
    }

    private func quantile(_ share: Double, since former: (metric: ScrapedMetric, ago: Duration)?) -> MetricValue {
        guard histograms.isEmpty else {
            guard let former else { return .pending }
            var sum = HistogramBuckets()
            for (labels, buckets) in histograms {
                if let before = former.metric.histograms[labels] { sum += buckets.increase(since: before) }
            }
            return sum.counts.isEmpty ? .pending : checked(Self.number(sum.quantile(share)))
        }
        guard !quantiles.isEmpty else { return .failed("\(name) is neither a histogram nor a summary") }
        // They cannot be added up: the greatest is that of whoever is worst off.
        let told = quantiles.values.compactMap { series in
            series.first { abs($0.key - share) < 1e-9 }?.value
        }
        guard let greatest = told.map(Self.number).max() else {
            return .failed("the summary \(name) does not tell the quantile \(share)")
        }
        return checked(greatest)
    }

    /// Where nothing was observed there is no quantile (NaN), and no load: that is 0, as for Kubernetes' adapter of
    /// Prometheus.
    private static func number(_ quantile: Double) -> Double { quantile.isNaN ? 0 : quantile }

    private var notASingleValue: MetricValue { .failed("\(name) has no value that is a number") }

    private func checked(_ value: Double) -> MetricValue {
        value.isFinite ? .number(value) : .failed("\(name) is \(value)")
    }
}

extension Duration {
    fileprivate var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}
