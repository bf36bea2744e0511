import ControlProtocol

/// How many replicas a service has, who says so, and what its autoscaler decided with every input, as `explain` shows
/// it.
struct ScalingLines {
    var palette: Palette
    /// The terminal's columns; nil where nothing needs to fit.
    var width: Int?
    /// How a point in time is written.
    var timeText: (Timestamp) -> String = \.localTimeOfDay

    func lines(for status: ScalingStatusDocument) -> [String] {
        let text = status.scaling.line(of: status.service, scale: status.scale)
        return DisplayWidth.wrapped(text, to: width) + status.decisions.prefix(Self.toldDecisions).flatMap(lines)
    }

    /// More would scroll away what they led to; programs get all that are kept.
    private static let toldDecisions = 5

    private func lines(for decision: ScalingDocument.Decision) -> [String] {
        let time = timeText(decision.time)
        let number = Table.Cell.replicas(from: decision.current, to: decision.desired)
        let heading = DisplayWidth.hanging(
            DisplayWidth.singleLine(decision.reason),
            after: "  \(palette(.dim, time))  \(palette(number.style, number.text))  ",
            labelWidth: DisplayWidth.columns(of: time) + DisplayWidth.columns(of: number.text) + 6, width: width)
        let fields = fields(of: decision)
        let nameWidth = fields.map { DisplayWidth.columns(of: $0.name) }.max() ?? 0
        return heading + fields.flatMap { field($0.name, $0.text, nameWidth: nameWidth) }
    }

    private func fields(of decision: ScalingDocument.Decision) -> [(name: String, text: String)] {
        var fields = decision.metrics.map { (name: $0.name, text: $0.text) }
        if let recommendation = decision.recommendation {
            let stabilized = decision.stabilized.flatMap { $0 == recommendation ? nil : $0 }
            let remark = stabilized.map { ", \($0) by the stabilization windows" } ?? ""
            fields.append(("recommended", "\(recommendation)\(remark)"))
        }
        fields += decision.limits.map { ("held by", $0.text) }
        if !decision.removed.isEmpty { fields.append(("removed", decision.removed.joined(separator: ", "))) }
        return fields
    }

    private func field(_ name: String, _ text: String, nameWidth: Int) -> [String] {
        let label = DisplayWidth.padded(name, to: nameWidth)
        return DisplayWidth.hanging(
            DisplayWidth.singleLine(text), after: "      \(palette(.dim, label))  ",
            labelWidth: DisplayWidth.columns(of: label) + 8, width: width)
    }
}

extension ScalingDocument.Metric {
    /// `93%, 1.33 times its target of 70%: asks for 4 (3 ready, 1 not yet)`, or why it says nothing.
    fileprivate var text: String {
        if let error { return "dead: \(error) (its target is \(target))" }
        let times = ratio.map { ", \(numberText($0)) times its target of \(target)" } ?? ""
        let asked = replicas.map { ": asks for \($0)" } ?? ""
        return (value ?? "no value") + times + asked + (counted.map { " (\($0.text))" } ?? "")
    }
}

extension ScalingDocument.Counted {
    /// `3 ready, 1 not yet, 1 without a value`
    fileprivate var text: String {
        let parts = [(unready, "not yet"), (missing, "without a value"), (ignored, "failed or going")]
        let others = parts.filter { $0.0 > 0 }.map { ", \($0.0) \($0.1)" }
        return "\(ready) ready" + others.joined()
    }
}

extension Table.Cell {
    /// `2 → 4`, or `4` where it stays so.
    static func replicas(from current: Int, to desired: Int) -> Table.Cell {
        if current == desired { return Table.Cell("\(desired)") }
        return Table.Cell("\(current) → \(desired)", desired > current ? .green : .yellow)
    }
}
