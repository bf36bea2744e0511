/// How many observations there were up to each bound.
struct HistogramBuckets: Hashable, Sendable {
    /// By their upper bounds, each with all that are below it.
    var counts: [Double: Double] = [:]

    /// What was counted since. A count that fell tells of a restart of what counts; then everything is new. All of them
    /// are looked at, for one alone may have grown beyond what it was since then.
    func increase(since former: HistogramBuckets) -> HistogramBuckets {
        let wasReset = counts.contains { bound, count in count < former.counts[bound] ?? 0 }
        guard !wasReset else { return self }
        return HistogramBuckets(
            counts: counts.reduce(into: [:]) { $0[$1.key] = $1.value - (former.counts[$1.key] ?? 0) })
    }

    static func += (left: inout HistogramBuckets, right: HistogramBuckets) {
        left.counts.merge(right.counts, uniquingKeysWith: +)
    }

    /// The value that such a share of the observations does not exceed, by linear interpolation within its bucket; NaN
    /// where there were none, or where no bucket is without bound (PromQL's `histogram_quantile`).
    func quantile(_ share: Double) -> Double {
        let bounds = counts.keys.filter { !$0.isNaN }.sorted()
        guard bounds.count >= 2, bounds.last == .infinity else { return .nan }
        var below: [Double] = []
        // Counted while they were told, one may be a little below the one before it.
        for bound in bounds { below.append(max(below.last ?? 0, counts[bound] ?? 0)) }
        guard let all = below.last, all > 0 else { return .nan }
        let rank = share * all
        guard let index = below.firstIndex(where: { $0 >= rank }), index < bounds.count - 1 else {
            // Beyond the last bound that is one.
            return bounds[bounds.count - 2]
        }
        // Nothing is known of where the first bucket begins; what is measured is seldom negative.
        if index == 0, bounds[0] <= 0 { return bounds[0] }
        let lower = index > 0 ? (bound: bounds[index - 1], count: below[index - 1]) : (bound: 0, count: 0)
        let inside = below[index] - lower.count
        guard inside > 0 else { return bounds[index] }
        return lower.bound + (bounds[index] - lower.bound) * (rank - lower.count) / inside
    }
}
