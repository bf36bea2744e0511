import StackModel

private struct StepDraft: Sendable {
    var steps: [RolloutSpec.Step] = []
}

extension Definition where Value == RolloutSpec.Step {
    static let step: Definition = Definition<StepDraft>.mapping(
        "a step", StepDraft.init,
        fields: [
            kind("replicas", Definition<Quota>.quota(1).map { .replicas($0) }, "So many replicas are to be new."),
            kind(
                "pause", .pause, "Nothing happens for so long; with `{}`, until somebody promotes it."),
            kind(
                "analysis", Definition<AnalysisSpec>.analysis.map { .analysis($0) },
                "What must hold of the new replicas."),
        ]
    ).refine { draft, node, report in
        if draft.steps.count == 1, let step = draft.steps.first { return step }
        // A kind with a fault has been told.
        if draft.steps.count > 1 || node.entries.allSatisfy({ $0.key.hasPrefix("x-") }) {
            report.error(
                at: node.location, draft.steps.isEmpty ? "the step does nothing" : "the step does several things",
                remedy: "it has one of `replicas`, `pause` and `analysis`")
        }
        return nil
    }

    private static func kind(_ name: String, _ definition: Definition, _ documentation: String) -> Field<StepDraft> {
        Field(name, definition, documentation) { draft, step, _, _ in draft.steps.append(step) }
    }

    private static let pause: Definition = forms(
        "a duration, or `{}`", scalar: Definition<Duration>.positiveDuration.map { .pause($0) },
        mapping: Definition<PauseDraft>.mapping(
            "a pause", PauseDraft.init,
            fields: [Field("duration", \.duration, .positiveDuration, "How long; without it, until somebody promotes.")]
        ).map { .pause($0.duration?.value) })
}

private struct PauseDraft: Sendable {
    var duration: Located<Duration>?
}

/// An analysis, as the file gives it.
struct AnalysisDraft: Sendable {
    fileprivate var interval: Located<Duration>?
    fileprivate var count: Located<Int>?
    fileprivate var failureLimit: Located<Int>?
    fileprivate var inconclusiveLimit: Located<Int>?
    fileprivate var consecutiveErrorLimit: Located<Int>?
    fileprivate var metrics: Located<[AnalysisMetric]>?
}

extension AnalysisDraft {
    static let fields: [Field<AnalysisDraft>] = [
        Field("interval", \.interval, .positiveDuration, default: "10s", "From one measurement to the next."),
        Field("count", \.count, .integer(1...10_000), default: "1", "How many measurements of each metric there are."),
        Field(
            "failure_limit", \.failureLimit, .integer(0...10_000), default: "0",
            "How many of a metric's measurements may fail; one more, and the rollout has failed."),
        Field(
            "inconclusive_limit", \.inconclusiveLimit, .integer(0...10_000), default: "0",
            "How many may meet neither condition; one more, and the rollout pauses for somebody to decide."),
        Field(
            "consecutive_error_limit", \.consecutiveErrorLimit, .integer(0...10_000), default: "4",
            "How many in a row may be errors, such as a server that does not answer; one more, and the rollout has failed."
        ),
        Field("metrics", \.metrics, .metrics, "What is measured, and what must hold of it."),
    ]
}

extension Definition where Value == AnalysisSpec {
    fileprivate static let analysis: Definition = Definition<AnalysisDraft>.mapping(
        "an analysis", AnalysisDraft.init, required: ["metrics"], fields: AnalysisDraft.fields
    ).refine { draft, _, report in
        guard let metrics = draft.metrics?.value else { return nil }
        var analysis = AnalysisSpec(metrics: metrics)
        analysis.interval = draft.interval?.value ?? analysis.interval
        analysis.count = draft.count?.value ?? analysis.count
        analysis.failureLimit = draft.failureLimit?.value ?? analysis.failureLimit
        analysis.inconclusiveLimit = draft.inconclusiveLimit?.value ?? analysis.inconclusiveLimit
        analysis.consecutiveErrorLimit = draft.consecutiveErrorLimit?.value ?? analysis.consecutiveErrorLimit
        for (name, limit) in [("failure_limit", draft.failureLimit), ("inconclusive_limit", draft.inconclusiveLimit)] {
            guard let limit, limit.value >= analysis.count else { continue }
            report.error(
                at: limit.location, "of \(analysis.count) measurements there are never more than `\(name)`",
                remedy: "it is below `count`")
        }
        return analysis
    }
}

extension Definition where Value == [AnalysisMetric] {
    fileprivate static let metrics: Definition = Definition<[Located<AnalysisMetric>]>.list(
        of: Definition<AnalysisMetric>.metric.located,
        form: "a list of metrics, such as `[{route: error_rate, success: \"< 1%\"}]`"
    ).refine { metrics, node, report in
        guard !metrics.isEmpty else {
            report.error(
                at: node.location, "`metrics` is empty",
                remedy: "name one, such as `{restarts: true, success: \"== 0\"}`")
            return nil
        }
        var names: Set<String> = []
        for metric in metrics where !names.insert(metric.value.name).inserted {
            report.error(
                at: metric.location, "two metrics are named `\(metric.value.name.shortened)`",
                remedy: "give each its own `name`")
        }
        return metrics.map(\.value)
    }
}
