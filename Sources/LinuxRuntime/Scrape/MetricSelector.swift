/// Which series of a page in Prometheus' text format are wanted.
public struct MetricSelector: Hashable, Sendable {
    /// As the page's samples have it; of a histogram or summary without `_bucket`, of an OpenMetrics counter with or
    /// without `_total`.
    public var name: String
    /// A series that lacks one of these, or has another value there, does not count.
    public var labels: [String: String]

    public init(_ name: String, labels: [String: String] = [:]) {
        self.name = name
        self.labels = labels
    }
}

/// What is made of a metric's series.
public enum MetricReading: Hashable, Sendable {
    /// A counter as its increase in a second, everything else as it is.
    case automatic
    case gauge
    /// The increase in a second.
    case rate
    /// Of a histogram or summary, between 0 and 1.
    case quantile(Double)
}

/// What a metric comes to, all its series together.
public enum MetricValue: Hashable, Sendable {
    case number(Double)
    /// It tells what has happened since the page was last read, and that was not yet.
    case pending
    /// With what was seen instead.
    case failed(String)
}
