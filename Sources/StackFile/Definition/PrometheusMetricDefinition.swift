import StackModel

/// A metric in Prometheus' text format, as `autoscale` gives it.
struct PrometheusLoadDraft: Sendable {
    fileprivate var metric: Located<String>?
    fileprivate var target: Located<TargetAmount>?
    fileprivate var port: Located<String>?
    fileprivate var path: Located<String>?
    fileprivate var labels: Located<[NamedValue<String>]>?
    fileprivate var reading: Located<PrometheusMetric.Reading>?
    fileprivate var timeout: Located<Duration>?

    static let fields: [Field<PrometheusLoadDraft>] = [
        Field("metric", \.metric, .metricName, "Its name; of a histogram, without `_bucket`."),
        Field("target", \.target, .targetAmount, "Its value of a replica, on average."),
        Field("port", \.port, .text("the name of a port"), default: "the only one", "Which of the service's `ports`."),
        Field("path", \.path, .metricsPath, default: "/metrics", "Where it is told."),
        Field(
            "labels", \.labels, .dictionary(of: .text("a text"), form: "a mapping of labels", name: .label),
            "Only series with these labels count; all that have them are added up."),
        Field(
            "value", \.reading, .reading, default: "auto",
            "What of it counts: a `gauge` as it is, a counter's `rate` a second, or a quantile (`p95`) of what a "
                + "histogram has observed since the last time; `auto` goes by its type."),
        Field("timeout", \.timeout, .positiveDuration, default: "1s", "How long an answer may take."),
    ]
}

extension Definition where Value == LoadMetricDraft.Measure {
    /// Without a port it is the service's only one, which is known when the service is.
    static let prometheus: Definition = Definition<PrometheusLoadDraft>.mapping(
        "a Prometheus metric", PrometheusLoadDraft.init, required: ["metric", "target"],
        fields: PrometheusLoadDraft.fields
    ).refine { draft, node, report in
        guard let metric = draft.metric?.value, let target = draft.target?.value else { return nil }
        let port = draft.port
        report.note(port == nil ? .onlyPort : .port, port?.value ?? "", at: port?.location ?? node.location)
        var source = PrometheusMetric(metric: metric, port: port?.value ?? "")
        source.labels = (draft.labels?.value ?? []).map { .init(name: $0.name.value, value: $0.value) }
            .sorted { $0.name < $1.name }
        source.reading = draft.reading?.value ?? source.reading
        source.path = draft.path?.value ?? source.path
        source.timeout = draft.timeout?.value ?? source.timeout
        return Value(standardName: metric, source: .prometheus(source), target: .average(target.thousandths))
    }
}

extension NameRule {
    /// Prometheus' data model, "Metric names and labels".
    fileprivate static let label = NameRule(
        thing: "a label", form: "a letter or `_`, then letters, digits and `_`", pattern: "^[a-zA-Z_][a-zA-Z0-9_]*$"
    ) { $0.isPrometheusName(withColons: false) }
}

extension String {
    fileprivate func isPrometheusName(withColons: Bool) -> Bool {
        let isSound = utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                || byte == 0x5F || withColons && byte == 0x3A
        }
        return isSound && utf8.first.map { !(0x30...0x39).contains($0) } == true
    }
}

extension Definition where Value == String {
    fileprivate static let metricName: Definition = scalar(
        "the name of a metric, such as `http_requests_total`",
        schema: ["type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$"]
    ) { text, _ in text.isPrometheusName(withColons: true) ? text : nil }

    /// What may stand in a request's first line.
    fileprivate static let metricsPath: Definition = scalar(
        "a path such as `/metrics`", schema: ["type": "string", "pattern": "^/"]
    ) { text, _ in
        text.hasPrefix("/") && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x23 } ? text : nil
    }
}

extension Definition where Value == PrometheusMetric.Reading {
    fileprivate static let reading: Definition = scalar(
        "`auto`, `gauge`, `rate`, or a quantile such as `p95` or `p99.9`",
        schema: ["type": "string", "pattern": "^(auto|gauge|rate|p[0-9]+(\\.[0-9]+)?)$"]
    ) { text, _ in
        switch text {
        case "auto": return .automatic
        case "gauge": return .gauge
        case "rate": return .rate
        default:
            // Per cent, of which a tenth is a thousandth.
            guard text.hasPrefix("p"), let percent = Thousandths.parse(String(text.dropFirst())), percent % 100 == 0,
                (1...1000).contains(percent / 100)
            else { return nil }
            return .quantile(percent / 100)
        }
    }
}
