import StackModel

/// What `autoscale` says that this version acts upon: where to begin.
struct AutoscaleDraft: Sendable {
    var minimum: Located<Int>?
    var maximum: Located<Int>?
    var metrics: Located<[MetricDraft]>?

    /// How many replicas there may be; nil where the file gives no such range.
    var bounds: ClosedRange<Int>? {
        let least = minimum?.value ?? 1
        return maximum.flatMap { least <= $0.value ? least...$0.value : nil }
    }

    /// A service that may go down to none begins with one: this version has no way to start it on demand.
    var initialReplicas: Int { max(1, minimum?.value ?? 1) }
}

/// A metric of `autoscale`: the number of targets that it names.
struct MetricDraft: Sendable {
    var targets = 0
}

extension Definition where Value == AutoscaleDraft {
    static let autoscale: Definition = mapping(
        "`autoscale`", AutoscaleDraft.init, required: ["max", "metrics"],
        fields: [
            Field("min", \.minimum, .replicas, default: "1", "The fewest replicas."),
            Field("max", \.maximum, .integer(1...ServiceDraft.mostReplicas), "The most replicas."),
            Field(
                "metrics", \.metrics, .metrics,
                "What is measured, and its target per replica; the metric that asks for most replicas wins."),
        ]
    ).refine { draft, _, report in
        if let maximum = draft.maximum, maximum.value < draft.minimum?.value ?? 1 {
            report.error(
                at: maximum.location, "`max` is below `min`", remedy: "it is \(draft.minimum?.value ?? 1) or more")
        }
        return draft
    }
}

extension Definition where Value == [MetricDraft] {
    fileprivate static let metrics: Definition = list(
        of: .metric, form: "a list of metrics, such as `[{cpu: 70%}]`"
    ).refine { metrics, node, report in
        guard !metrics.isEmpty else {
            report.error(at: node.location, "`metrics` is empty", remedy: "name one, such as `{cpu: 70%}`")
            return nil
        }
        return metrics
    }
}

extension Definition where Value == MetricDraft {
    fileprivate static let metric: Definition = mapping(
        "a metric", MetricDraft.init,
        fields: [
            target("cpu", .percentage(1...1000), "The processors' load, of what `resources` gives the service."),
            target("memory", .memoryTarget, "The memory in use, or its share of what `resources` gives the service."),
            target("accept_queue", .integer(1...1_000_000), "The connections that wait on a listener."),
            target("connections", .integer(1...1_000_000), "The open connections."),
            target("prometheus", .prometheus, "A metric of the service's own /metrics."),
        ]
    ).refine { metric, node, report in
        guard metric.targets != 1 else { return metric }
        // A target with a fault has been told.
        if metric.targets > 1 || node.entries.isEmpty {
            report.error(
                at: node.location, "a metric names \(metric.targets == 0 ? "nothing" : "several things") to measure",
                remedy: "it names one of `cpu`, `memory`, `accept_queue`, `connections` and `prometheus`")
        }
        return nil
    }

    private static func target<Target>(
        _ name: String, _ definition: Definition<Target>, _ documentation: String
    ) -> Field<MetricDraft> {
        Field(name, definition, documentation) { metric, _, _, _ in metric.targets += 1 }
    }
}

private struct PrometheusDraft: Sendable {
    var metric: Located<String>?
    var target: Located<Int>?
}

extension Definition where Value == PrometheusDraft {
    fileprivate static let prometheus: Definition = mapping(
        "a Prometheus metric", PrometheusDraft.init, required: ["metric", "target"],
        fields: [
            Field("metric", \.metric, .text("the name of a metric"), "Its name."),
            Field("target", \.target, .thousandths(1...999_999_999_000, "a number above 0"), "Its value per replica."),
        ])
}

extension Definition where Value == Int {
    static let replicas: Definition = integer(0...ServiceDraft.mostReplicas)

    /// Per cent.
    static func percentage(_ range: ClosedRange<Int>) -> Definition {
        scalar(
            "a percentage from \(range.lowerBound)% to \(range.upperBound)%",
            schema: ["type": "string", "pattern": "^[0-9]+%$"]
        ) { text, _ in
            guard text.hasSuffix("%"), let number = Int(text.dropLast()), range.contains(number) else { return nil }
            return number
        }
    }

    fileprivate static let memoryTarget: Definition = scalar(
        "a size such as `512M`, or a percentage", schema: ["type": ["string", "integer"]]
    ) { text, _ in
        if text.hasSuffix("%") { return Int(text.dropLast()).flatMap { (1...1000).contains($0) ? $0 : nil } }
        return ByteCount(text: text).flatMap { $0.bytes > 0 ? Int($0.bytes) : nil }
    }

    static let processors: Definition = thousandths(1...1_024_000, "a number of processors above 0, such as `0.5`")
}

extension Field {
    /// A key of which nothing but its form counts in this version.
    fileprivate static func checked<Value>(
        _ name: String, _ definition: Definition<Value>, default standard: String? = nil, _ documentation: String
    ) -> Field {
        Field(name, definition, default: standard, documentation) { _, _, _, _ in }
    }

    /// A checked key of a service: its writer is told that it is not carried out.
    static func later<Value>(
        _ name: String, of parent: String? = nil, _ definition: Definition<Value>, _ documentation: String
    ) -> Field {
        Field(name, definition, documentation) { _, _, entry, report in
            report.warnNotCarriedOut(parent.map { "\($0).\(name)" } ?? name, at: entry.keyLocation)
        }
    }
}

extension Definition where Value == CheckedDraft {
    fileprivate static let resources: Definition = mapping(
        "`resources`", CheckedDraft.init,
        fields: [
            .checked("cpus", .processors, "The processors that the service may use."),
            .checked("memory", .size(), "The memory that it may use."),
            .checked("pids", .integer(1...4_194_304), "The processes and threads that it may have."),
        ])

    static let deployResources: Definition = mapping(
        "`resources` of `deploy`", CheckedDraft.init,
        fields: [
            .checked("limits", .resources, "What the service may use."),
            .checked("reservations", .resources, "What is kept for it."),
        ])
}

extension ServiceDraft {
    static let laterFields: [Field<ServiceDraft>] = [
        Field(
            "autoscale", .autoscale, "How many replicas there are under which load; this version starts `min` of them."
        ) {
            (draft: inout ServiceDraft, value: AutoscaleDraft, entry: Node.Entry, report: inout Report) in
            draft.autoscale = Located(value, at: entry.keyLocation)
            report.warnNotCarriedOut("autoscale", at: entry.keyLocation)
        },
        .later("resources", .resources, "What the service may use of the host."),
        .later("cpus", .processors, "Compose's name of `resources.cpus`."),
        .later("cpu_shares", .integer(2...262_144), "Compose's weight of processors."),
        .later("cpu_period", .integer(1000...1_000_000), "Compose's period of the scheduler, in microseconds."),
        .later("cpu_quota", .integer(-1...1_000_000_000), "Compose's quota of the scheduler, in microseconds."),
        .later("cpuset", .text("a list of processors, such as `0-3`"), "The processors that the service may use."),
        .later("mem_limit", .size(), "Compose's name of `resources.memory`."),
        .later("mem_reservation", .size(), "The memory that is kept for the service."),
        .later("pids_limit", .integer(-1...4_194_304), "Compose's name of `resources.pids`."),
    ]
}
