import StackModel

/// A metric of `autoscale` as the file gives it.
struct LoadMetricDraft: Sendable {
    /// What is measured, with its target.
    struct Measure: Sendable {
        var standardName: String
        var source: LoadMetric.Source
        var target: LoadMetric.Target
    }

    fileprivate var name: Located<String>?
    fileprivate var measures: [Measure] = []

    static let fields: [Field<LoadMetricDraft>] =
        sources + [Field("name", \.name, .text("a name"), default: "that of what is measured", "What people call it.")]

    fileprivate static let sources: [Field<LoadMetricDraft>] = [
        field(
            "cpu", Definition<LoadMetric.Target>.processorTarget, as: .cpu,
            "The processor time that a replica uses, on average, or its share of what `resources` gives one."),
        field(
            "memory", Definition<LoadMetric.Target>.memoryTarget, as: .memory,
            "The memory that a replica uses, on average, or its share of what `resources` gives one."),
        field(
            "accept_queue", Definition<LoadMetric.Target>.countTarget, as: .acceptQueue,
            "The connections that wait to be accepted, on the service's `listen` or `ports`, divided by the replicas."),
        field(
            "connections", Definition<LoadMetric.Target>.countTarget, as: .connections,
            "The open connections, divided by the replicas."),
        field("prometheus", .prometheus, "A metric of each replica's own, in Prometheus' text format."),
        field("route", .route, "A statistic of a route, of all replicas together."),
        field("command", .command, "The number that a command prints, for the service as a whole."),
    ]

    private static func field(
        _ name: String, _ target: Definition<LoadMetric.Target>, as source: LoadMetric.Source, _ documentation: String
    ) -> Field<LoadMetricDraft> {
        field(name, target.map { Measure(standardName: name, source: source, target: $0) }, documentation)
    }

    private static func field(
        _ name: String, _ measure: Definition<Measure>, _ documentation: String
    ) -> Field<LoadMetricDraft> {
        Field(name, measure, documentation) { metric, measure, _, _ in metric.measures.append(measure) }
    }
}

extension Definition where Value == [Located<LoadMetric>] {
    static let metrics: Definition = list(
        of: .loadMetric, form: "a list of metrics, such as `[{cpu: 70%}]`"
    ).refine { metrics, node, report in
        guard !metrics.isEmpty else {
            report.error(at: node.location, "`metrics` is empty", remedy: "name one, such as `{cpu: 70%}`")
            return nil
        }
        var names: [String: SourceLocation] = [:]
        for metric in metrics {
            guard let first = names.updateValue(metric.location, forKey: metric.value.name) else { continue }
            report.error(
                at: metric.location, "the metric at \(first) is called `\(metric.value.name.shortened)` too",
                remedy: "give one of them another `name`")
        }
        return metrics
    }
}

extension Definition where Value == Located<LoadMetric> {
    fileprivate static let loadMetric: Definition = Definition<LoadMetricDraft>.mapping(
        "a metric", LoadMetricDraft.init, fields: LoadMetricDraft.fields
    ).refine { draft, node, report in
        guard draft.measures.count == 1, let measure = draft.measures.first else {
            let names = LoadMetricDraft.sources.map(\.name)
            // One with a fault has been told.
            if draft.measures.count > 1 || !node.entries.contains(where: { names.contains($0.key) }) {
                report.error(
                    at: node.location, "a metric measures \(draft.measures.isEmpty ? "nothing" : "several things")",
                    remedy: "it has one of \(names.map { "`\($0)`" }.joined(separator: ", "))")
            }
            return nil
        }
        return Located(
            LoadMetric(
                name: draft.name?.value ?? measure.standardName, source: measure.source, target: measure.target),
            at: node.location)
    }
}

// MARK: - Targets

extension Definition where Value == LoadMetric.Target {
    /// Far more than the whole is a target where `cpu_reservation` is little.
    private static let percentages = 1...10_000

    fileprivate static let processorTarget: Definition = scalar(
        "a percentage such as `70%`, or a number of processors such as `0.5`", schema: ["type": ["string", "number"]]
    ) { text, _ in
        if text.hasSuffix("%") { return utilization(text) }
        return Thousandths.parse(text).flatMap { (1...Millicores.most.thousandths).contains($0) ? .average($0) : nil }
    }

    fileprivate static let memoryTarget: Definition = scalar(
        "a percentage such as `80%`, or a size such as `512M`", schema: ["type": ["string", "integer"]]
    ) { text, _ in
        if text.hasSuffix("%") { return utilization(text) }
        return ByteCount(text: text).flatMap { $0.bytes > 0 ? .average(Int($0.bytes)) : nil }
    }

    fileprivate static let countTarget: Definition = Definition<Int>.integer(1...1_000_000).map { .average($0 * 1000) }

    private static func utilization(_ text: String) -> LoadMetric.Target? {
        Int(text.dropLast()).flatMap { percentages.contains($0) ? .utilization(percent: $0) : nil }
    }
}
