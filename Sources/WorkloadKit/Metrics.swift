import Synchronization

/// The program's measurements, rendered in Prometheus' text format 0.0.4.
///
/// Every series is made by the program's own code (route patterns and status codes, never a client's text), so
/// their number is bounded by it.
public final class Metrics: Sendable {
    /// A series' labels, in the order in which they are printed.
    public typealias Labels = [(name: String, value: String)]

    /// Upper bounds of the latency histogram's buckets, in seconds: from a cached answer to a stuck one.
    static let latencyBounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    private enum Kind: String { case counter, gauge, histogram }

    private struct Histogram {
        /// Observations per bucket, not cumulative; one more than the bounds, for +Inf.
        var buckets = [UInt64](repeating: 0, count: Metrics.latencyBounds.count + 1)
        var sum = 0.0
    }

    private enum Value {
        case number(Int)
        case histogram(Histogram)
    }

    private struct Family {
        var kind: Kind
        var help: String
        var series: [String: Value] = [:]
    }

    private let families = Mutex<[String: Family]>([:])

    /// An empty registry.
    public init() {}

    /// Adds to a counter.
    public func count(_ name: String, _ help: String, labels: Labels = [], by amount: Int = 1) {
        add(amount, to: name, .counter, help, labels)
    }

    /// Adds to a gauge; a negative amount takes away.
    public func adjust(_ name: String, _ help: String, labels: Labels = [], by amount: Int) {
        add(amount, to: name, .gauge, help, labels)
    }

    /// Records one duration in a histogram of seconds.
    public func observe(_ name: String, _ help: String, labels: Labels = [], _ duration: Duration) {
        let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        let bucket = Self.latencyBounds.firstIndex { seconds <= $0 } ?? Self.latencyBounds.count
        let key = Self.text(labels)
        families.withLock { families in
            var histogram = Histogram()
            if case .histogram(let known) = families[name]?.series[key] { histogram = known }
            histogram.buckets[bucket] += 1
            histogram.sum += seconds
            families[name, default: Family(kind: .histogram, help: help)].series[key] = .histogram(histogram)
        }
    }

    private func add(_ amount: Int, to name: String, _ kind: Kind, _ help: String, _ labels: Labels) {
        let key = Self.text(labels)
        families.withLock { families in
            var total = amount
            if case .number(let known) = families[name]?.series[key] { total += known }
            families[name, default: Family(kind: kind, help: help)].series[key] = .number(total)
        }
    }

    /// The whole registry as text, sorted, so that two scrapes differ only where a value does.
    public func render() -> String {
        let families = self.families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            text += "# HELP \(name) \(family.help)\n# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, value) in family.series.sorted(by: { $0.key < $1.key }) {
                switch value {
                case .number(let number): text += "\(name)\(Self.braced(labels)) \(number)\n"
                case .histogram(let histogram): text += Self.render(histogram, name, labels)
                }
            }
        }
        return text
    }

    private static func render(_ histogram: Histogram, _ name: String, _ labels: String) -> String {
        var text = ""
        var total: UInt64 = 0
        let bounds = latencyBounds.map { "\($0)" } + ["+Inf"]
        for (bound, count) in zip(bounds, histogram.buckets) {
            total += count
            let all = labels.isEmpty ? "le=\"\(bound)\"" : "\(labels),le=\"\(bound)\""
            text += "\(name)_bucket{\(all)} \(total)\n"
        }
        return text + "\(name)_sum\(braced(labels)) \(histogram.sum)\n\(name)_count\(braced(labels)) \(total)\n"
    }

    private static func text(_ labels: Labels) -> String {
        labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
    }

    private static func braced(_ labels: String) -> String {
        labels.isEmpty ? "" : "{\(labels)}"
    }

    /// The format's three escapes in a label's value.
    private static func escaped(_ value: String) -> String {
        var result = ""
        for character in value {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return result
    }
}
