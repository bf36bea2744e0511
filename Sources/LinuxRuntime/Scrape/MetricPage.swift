import Glibc

/// Reads a page in Prometheus' text format (0.0.4) or OpenMetrics 1.0 from pieces of any size, and keeps nothing of it
/// but the series that are wanted.
///
/// A line that tells nothing of these is not looked into: whether it is well-formed is its reader's to say.
struct MetricPage {
    /// In bytes.
    static let lineLimit = 64 << 10
    static let sizeLimit = 16 << 20
    /// How many series are kept.
    static let seriesLimit = 10_000

    fileprivate struct Wish {
        let name: [UInt8]
        var metric: ScrapedMetric
        /// There are samples of that name without any suffix.
        var isPlain = false

        init(_ selector: MetricSelector) {
            name = Array(selector.name.utf8)
            metric = ScrapedMetric(selector)
        }
    }

    private var wishes: [Wish]
    /// A line whose end is yet to come.
    private var line: [UInt8] = []
    private var size = 0
    private var seriesCount = 0
    /// OpenMetrics' `# EOF` was read: nothing may follow.
    private(set) var hasEnd = false

    init(_ selectors: [MetricSelector]) {
        wishes = selectors.map { Wish($0) }
    }

    /// What was found, in the order of the selectors.
    var metrics: [ScrapedMetric] { wishes.map(\.metric) }

    mutating func feed(_ bytes: ArraySlice<UInt8>) throws(ProbeFailure) {
        size += bytes.count
        guard size <= Self.sizeLimit else { throw ProbeFailure("the page is longer than \(Self.sizeLimit >> 20) MiB") }
        var rest = bytes
        while let end = Self.lineEnd(in: rest) {
            if line.isEmpty {
                if mayMatter(rest[..<end]) { try take(rest[..<end]) }
            } else {
                line += rest[..<end]
                if mayMatter(line[...]) { try take(line[...]) }
                line.removeAll(keepingCapacity: true)
            }
            rest = rest[(end + 1)...]
        }
        line += rest
        guard line.count <= Self.lineLimit else {
            throw ProbeFailure("a line of the page is longer than \(Self.lineLimit >> 10) KiB")
        }
    }

    /// The page is at its end; its last line may lack its newline.
    mutating func finish() throws(ProbeFailure) {
        if !line.isEmpty { try take(line[...]) }
        line = []
    }

    // MARK: Lines

    private static func lineEnd(in bytes: ArraySlice<UInt8>) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, let end = memchr(base, 0x0A, buffer.count) else { return nil }
            return bytes.startIndex + (UnsafeRawPointer(end) - base)
        }
    }

    /// False of nearly all lines of a large page, and quickly so.
    private func mayMatter(_ line: ArraySlice<UInt8>) -> Bool {
        line.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, let first = buffer.first else { return false }
            if first == UInt8(ascii: "#") || MetricSample.isBlank(first) { return true }
            return wishes.contains { wish in
                buffer.count >= wish.name.count && memcmp(base, wish.name, wish.name.count) == 0
            }
        }
    }

    private mutating func take(_ line: ArraySlice<UInt8>) throws(ProbeFailure) {
        let line = line.drop(while: MetricSample.isBlank)
        if line.first == UInt8(ascii: "#") { return takeComment(line) }
        for index in wishes.indices where line.starts(with: wishes[index].name) {
            try takeSample(line, for: index)
        }
    }

    private mutating func takeComment(_ line: ArraySlice<UInt8>) {
        if line.elementsEqual("# EOF".utf8) { hasEnd = true }
        let words = line.dropFirst().prefix(512).split(
            maxSplits: 3, whereSeparator: { MetricSample.isBlank($0) || $0 == 0x0D })
        guard words.count >= 3, words[0].elementsEqual("TYPE".utf8) else { return }
        let kind = ScrapedMetric.Kind(typeName: String(decoding: words[2], as: UTF8.self))
        for index in wishes.indices where wishes[index].name.starts(with: words[1]) {
            let suffix = String(decoding: wishes[index].name[words[1].count...], as: UTF8.self)
            switch (suffix, kind) {
            case ("", _): wishes[index].metric.kind = kind
            case ("_total", .counter), ("_count", .histogram), ("_count", .summary), ("_sum", .histogram),
                ("_sum", .summary):
                wishes[index].metric.kind = .counter
            default: break
            }
        }
    }

    /// The line begins with the wanted name, which may go on there.
    private mutating func takeSample(_ line: ArraySlice<UInt8>, for index: Int) throws(ProbeFailure) {
        let afterName = line.dropFirst(wishes[index].name.count)
        let suffix = afterName.prefix { $0 != UInt8(ascii: "{") && !MetricSample.isBlank($0) }
        let role: Role
        switch suffix.count {
        case 0: role = .plain
        case 6 where suffix.elementsEqual("_total".utf8): role = .total
        case 7 where suffix.elementsEqual("_bucket".utf8): role = .bucket
        default: return
        }
        var text = afterName[suffix.endIndex...].drop(while: MetricSample.isBlank)
        if text.last == 0x0D { text = text.dropLast() }
        guard let sample = MetricSample(text) else {
            throw ProbeFailure("this is no sample: \(excerpt(of: line, limit: 60))")
        }
        let selector = wishes[index].metric.selector
        guard selector.labels.allSatisfy({ sample.labels[$0.key] == $0.value }) else { return }
        seriesCount += 1
        guard seriesCount <= Self.seriesLimit else {
            throw ProbeFailure("there are more than \(Self.seriesLimit) series of \(selector.name)")
        }
        wishes[index].add(sample, as: role)
    }

    fileprivate enum Role {
        /// The metric's own name.
        case plain
        /// How OpenMetrics names a counter's sample.
        case total
        /// Of a histogram.
        case bucket
    }
}

extension MetricPage.Wish {
    fileprivate mutating func add(_ sample: MetricSample, as role: MetricPage.Role) {
        switch role {
        case .plain:
            // What has both is two metrics, and this is the one that was named.
            if !isPlain { metric.values = [:] }
            isPlain = true
            addPlain(sample)
        case .total:
            guard !isPlain else { return }
            metric.kind = metric.kind ?? .counter
            metric.values.setDefault(sample.value, for: sample.labels)
        case .bucket:
            var labels = sample.labels
            guard let text = labels.removeValue(forKey: "le"), let bound = MetricSample.number(Array(text.utf8)[...])
            else { return }
            metric.histograms[labels, default: HistogramBuckets()].counts.setDefault(sample.value, for: bound)
        }
    }

    private mutating func addPlain(_ sample: MetricSample) {
        var labels = sample.labels
        if metric.kind != .gauge, metric.kind != .counter, let text = labels.removeValue(forKey: "quantile"),
            let quantile = MetricSample.number(Array(text.utf8)[...])
        {
            metric.quantiles[labels, default: [:]].setDefault(sample.value, for: quantile)
        } else {
            metric.values.setDefault(sample.value, for: sample.labels)
        }
    }
}

extension Dictionary {
    /// What is told twice counts once.
    fileprivate mutating func setDefault(_ value: Value, for key: Key) {
        if self[key] == nil { self[key] = value }
    }
}

extension ScrapedMetric.Kind {
    /// Nil where it says nothing of use.
    fileprivate init?(typeName: String) {
        switch typeName {
        case "counter": self = .counter
        case "gauge", "stateset", "info": self = .gauge
        case "histogram": self = .histogram
        case "summary": self = .summary
        default: return nil
        }
    }
}
