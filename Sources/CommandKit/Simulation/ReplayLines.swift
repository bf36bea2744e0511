import StackModel
import SupervisorCore

/// What a replay supposes, and what came of it, in words.
struct ReplayLines {
    var palette: Palette
    /// The terminal's columns; nil where nothing needs to fit.
    var width: Int?

    /// `backend: 2 to 8 replicas by cpu (70%), decided every 5s; a new replica is ready after 10s`
    func heading(_ replay: Replay) -> [String] {
        let policy = replay.policy
        let metrics = policy.metrics.map { "\($0.name) (\($0.targetText))" }.joined(separator: " and ")
        let text =
            "\(policy.minimum) to \(policy.maximum) replicas by \(metrics), decided every "
            + "\(policy.interval.text); a new replica is ready after \(replay.settings.startup.text)"
        return field(palette(.bold, replay.service.name.text) + ": ", replay.service.name.text + ": ", text)
            + replay.leftOut.flatMap { metric in
                DisplayWidth.wrapped("left out: \(metric.name), of which the trace tells nothing", to: width)
                    .map { palette(.yellow, $0) }
            }
    }

    func summary(_ replay: Replay) -> [String] {
        let summary = ReplaySummary(replay)
        let changes = summary.increases + summary.decreases
        let peakTime = replay.trace.text(of: .milliseconds(Int64(summary.peakSeconds * 1000)))
        let fields = [
            ("changes", "\(changes) (\(summary.increases) up, \(summary.decreases) down)"),
            ("replicas", "\(summary.least) to \(summary.peak), the peak first at \(peakTime)"),
            (
                "replica hours",
                "\(hours(summary.replicaHours)), \(hours(summary.mean)) replicas on average; "
                    + "\(hours(Double(summary.peak) * summary.durationSeconds / 3600)) with the peak all the time"
            ),
            ("above target", share(summary.aboveTargetSeconds, of: summary)),
            ("held back", share(summary.heldBackSeconds, of: summary)),
        ]
        let overloaded = summary.overloadedSeconds.map { [("overloaded", share($0, of: summary))] } ?? []
        return (fields + overloaded).flatMap { name, text in
            let label = DisplayWidth.padded(name, to: "replica hours".count) + "  "
            return field(palette(.dim, label), label, text)
        }
    }

    private func field(_ label: String, _ plain: String, _ text: String) -> [String] {
        DisplayWidth.hanging(text, after: label, labelWidth: DisplayWidth.columns(of: plain), width: width)
    }

    /// `4m10s of 1h, 7%`
    private func share(_ seconds: Double, of summary: ReplaySummary) -> String {
        guard seconds > 0 else { return "never" }
        let percent = summary.durationSeconds > 0 ? 100 * seconds / summary.durationSeconds : 0
        func text(_ seconds: Double) -> String { Duration.milliseconds(Int64(seconds * 1000)).approximateText }
        return "\(text(seconds)) of \(text(summary.durationSeconds)), \(percentText(percent))"
    }

    private func hours(_ value: Double) -> String { numberText((value * 100).rounded() / 100) }
}

/// The decisions of a replay as a table.
///
/// - Parameter isWhole: those too by which nothing changes.
func replayTable(_ replay: Replay, isWhole: Bool) -> Table {
    let hasLoad = replay.trace.columns.contains(.load)
    let metrics = replay.policy.metrics.map { Table.Column("\($0.name.uppercased()) (\($0.targetText))", leaving: 1) }
    var table = Table(
        columns: ["TIME"] + (hasLoad ? [Table.Column("LOAD", leaving: 0)] : []) + metrics
            + ["REPLICAS", Table.Column("READY", leaving: 2), "REASON"])
    var last: Replay.Step?
    for step in replay.steps {
        defer { last = step }
        guard isWhole || step.isNews(after: last) else { continue }
        let decision = step.decision
        let load = hasLoad ? [Table.Cell(step.load.map(numberText) ?? "-")] : []
        // One that brings a number into its bounds, or answers a connection, asks no metric.
        let values =
            decision.metrics.isEmpty
            ? metrics.map { _ in Table.Cell("-") } : decision.metrics.map(Table.Cell.init)
        table.append(
            [Table.Cell(replay.trace.text(of: step.time))] + load + values
                + [
                    Table.Cell.replicas(from: decision.current, to: decision.desired), Table.Cell("\(step.ready)"),
                    Table.Cell(decision.reason),
                ])
    }
    return table
}

extension Replay.Step {
    /// It is another decision than the one before, or was made of another state.
    fileprivate func isNews(after last: Replay.Step?) -> Bool {
        guard let last else { return true }
        return decision.desired != decision.current || ready != last.ready
            || decision.limits.map(\.code) != last.decision.limits.map(\.code)
            || decision.metrics.map(\.isDead) != last.decision.metrics.map(\.isDead)
    }
}

extension MetricVerdict {
    fileprivate var isDead: Bool {
        switch outcome {
        case .proposal: false
        case .failed: true
        }
    }
}

extension Table.Cell {
    fileprivate init(_ verdict: MetricVerdict) {
        switch verdict.outcome {
        case .proposal(_, let value, _, _): self.init(verdict.metric.text(of: value))
        case .failed: self.init("dead", .red)
        }
    }
}
