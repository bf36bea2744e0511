import StackModel

/// A metric of an analysis, as the file gives it.
struct AnalysisMetricDraft: Sendable {
    fileprivate var name: Located<String>?
    fileprivate var sources: [AnalysisMetric.Source] = []
    fileprivate var success: Located<ConditionDraft>?
    fileprivate var failure: Located<ConditionDraft>?
}

extension AnalysisMetricDraft {
    static let fields: [Field<AnalysisMetricDraft>] =
        [Field("name", \.name, .text("a name"), default: "that of what is measured", "What people call it.")] + sources
        + [
            Field("success", \.success, .condition, "A value of which this holds is good, such as `< 1%`."),
            Field(
                "failure", \.failure, .condition,
                "A value of which this holds is bad; one that is neither good nor bad is inconclusive. At least one of "
                    + "`success` and `failure` is there."),
        ]

    fileprivate static let sources: [Field<AnalysisMetricDraft>] = [
        source(
            "restarts", Definition<Bool>.presence.map { _ in .restarts },
            "Restarts of the new replicas that nobody asked for, since the rollout began."),
        source(
            "probe_failures", Definition<Bool>.presence.map { _ in .probeFailures },
            "The share of their probes' runs that failed, since the measurement before."),
        source("prometheus", .prometheus, "The first value of a query to a Prometheus server."),
        source(
            "route", .route,
            "A statistic of a route, of the new replicas alone; `latency` is the mean."
        ),
    ]

    private static func source(
        _ name: String, _ definition: Definition<AnalysisMetric.Source>, _ documentation: String
    ) -> Field<AnalysisMetricDraft> {
        Field(name, definition, documentation) { metric, source, _, _ in metric.sources.append(source) }
    }
}

extension Definition where Value == AnalysisMetric {
    static let metric: Definition = Definition<AnalysisMetricDraft>.mapping(
        "a metric", AnalysisMetricDraft.init, fields: AnalysisMetricDraft.fields
    ).refine { draft, node, report in
        guard draft.sources.count == 1, let source = draft.sources.first else {
            let names = AnalysisMetricDraft.sources.map { "`\($0.name)`" }
            // A source with a fault has been told.
            if draft.sources.count > 1 || !node.entries.contains(where: { !$0.key.isOfConditions }) {
                report.error(
                    at: node.location, "a metric measures \(draft.sources.isEmpty ? "nothing" : "several things")",
                    remedy: "it has one of \(names.joined(separator: ", "))")
            }
            return nil
        }
        if node["success"] == nil, node["failure"] == nil {
            report.error(
                at: node.location, "the metric does not say what is good or bad",
                remedy: "add `success: \"< 1%\"`, or `failure`")
            return nil
        }
        for (key, condition) in [("success", draft.success), ("failure", draft.failure)] {
            guard let condition, !condition.value.unit.fits(source) else { continue }
            report.error(
                at: condition.location, "`\(key)` cannot be \(condition.value.unit.thing)",
                remedy: "`\(source.standardName.shortened)` is \(source.thing)")
        }
        return AnalysisMetric(
            name: draft.name?.value ?? source.standardName, source: source,
            success: draft.success?.value.condition, failure: draft.failure?.value.condition)
    }
}

extension String {
    fileprivate var isOfConditions: Bool { ["name", "success", "failure"].contains(self) || hasPrefix("x-") }
}

extension AnalysisMetric.Source {
    fileprivate var standardName: String {
        switch self {
        case .restarts: "restarts"
        case .probeFailures: "probe_failures"
        case .prometheus(_, let query): query
        case .route(_, let statistic): statistic.rawValue
        }
    }

    /// What its values are.
    var thing: String {
        switch self {
        case .restarts, .route(_, .requests), .route(_, .queue): "a number"
        case .probeFailures, .route(_, .errorRate): "a share, such as `1%` or `0.01`"
        case .route(_, .latency): "a time, such as `250ms`, or a number of seconds"
        case .prometheus: "what the query says"
        }
    }
}

// MARK: - Sources

extension Definition where Value == Bool {
    /// `true` or `{}`: it is there.
    fileprivate static let presence: Definition = forms(
        "`true`",
        scalar: scalar("`true`", schema: ["enum": [true]]) { text, _ in text == "true" ? true : nil },
        mapping: mapping("the metric", { true }, fields: []))
}

private struct PrometheusDraft: Sendable {
    var address: Located<String>?
    var query: Located<String>?
}

private struct RouteMetricDraft: Sendable {
    var name: Located<String>?
    var value: Located<AnalysisMetric.RouteStatistic>?
}

extension Definition where Value == AnalysisMetric.RouteStatistic {
    static let routeStatistic: Definition = choice([
        "error_rate": .errorRate, "latency": .latency, "requests": .requests, "queue": .queue,
    ])
}

extension Definition where Value == AnalysisMetric.Source {
    fileprivate static let prometheus: Definition = Definition<PrometheusDraft>.mapping(
        "a Prometheus metric", PrometheusDraft.init, required: ["address", "query"],
        fields: [
            Field("address", \.address, .serverAddress, "The server, such as `http://127.0.0.1:9090`."),
            Field("query", \.query, .text("a query in PromQL"), "The query in PromQL."),
        ]
    ).refine { draft, _, _ in
        guard let address = draft.address?.value, let query = draft.query?.value else { return nil }
        return .prometheus(address: address, query: query)
    }

    /// Without a name it is the service's only route, which is known when the service is.
    fileprivate static let route: Definition = forms(
        "`error_rate`, `latency`, `requests` or `queue`, or `{name: …, value: …}`",
        scalar: Definition<AnalysisMetric.RouteStatistic>.routeStatistic.refine { value, node, report in
            report.note(.onlyRoute, "", at: node.location)
            return .route(name: "", value)
        },
        mapping: Definition<RouteMetricDraft>.mapping(
            "a route's metric", RouteMetricDraft.init, required: ["value"],
            fields: [
                Field("name", \.name, .text("the name of a route"), default: "the only route's", "Which route."),
                Field("value", \.value, .routeStatistic, "Which of its statistics."),
            ]
        ).refine { draft, node, report in
            let name = draft.name
            report.note(name == nil ? .onlyRoute : .route, name?.value ?? "", at: name?.location ?? node.location)
            return draft.value.map { .route(name: name?.value ?? "", $0.value) }
        })
}

extension Definition where Value == String {
    private static let words = "a server such as `http://127.0.0.1:9090`"

    /// `http://HOST:PORT`, perhaps with a path before that of the API; without the slash at its end.
    fileprivate static let serverAddress: Definition = text(words).refine { text, node, report in
        guard !text.hasPrefix("https://") else {
            report.error(
                at: node.location, "stackd does not speak TLS",
                remedy: "name a server of this host, or a proxy's address: `http://127.0.0.1:9090`")
            return nil
        }
        let rest = text.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" }
        guard text.hasPrefix("http://"), let (host, port) = NetworkAddress.hostAndPort(authority),
            NetworkAddress.isNumericOrLocal(host), NetworkAddress.port(port) != nil,
            rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x3F && $0 != 0x23 })
        else { return report.mismatch(node, of: "address", form: words) }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
