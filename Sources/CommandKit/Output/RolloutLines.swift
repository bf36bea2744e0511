import ControlProtocol

/// The rollout of a service as `stackctl rollout status` shows it: where it stands, why, and what was measured.
struct RolloutLines {
    var palette: Palette
    /// The terminal's columns; nil where nothing needs to fit.
    var width: Int?
    var now: Timestamp
    /// How a point in time is written.
    var timeText: (Timestamp) -> String = \.localTimeOfDay

    func lines(for service: ServiceDocument) -> [String] {
        guard let rollout = service.rollout else {
            return heading(service.name, text: Self.ending(of: service, now: now), state: nil)
        }
        let age = "for \(age(from: rollout.since, to: now)) (since \(timeText(rollout.since)))"
        let state = rollout.phase == .progressing ? rollout.word : rollout.phase.rawValue
        return heading(
            service.name, text: "\(age): \(DisplayWidth.singleLine(rollout.detail))",
            state: (rollout.title + " " + state, rollout.style)) + fields(of: rollout, service).flatMap(lines)
    }

    /// What has become of the last one: `rollout 3 is done, 5m ago (…)`
    private static func ending(of service: ServiceDocument, now: Timestamp) -> String {
        guard let newest = service.history.first, let ending = service.ending(after: service.numberBeforeLatest) else {
            return "has not been started yet"
        }
        let time = newest.ended.map { ", \(age(from: $0, to: now)) ago" } ?? ""
        return "\(ending)\(time) (\(DisplayWidth.singleLine(newest.detail)))"
    }

    private func heading(_ name: String, text: String, state: (text: String, style: Style)?) -> [String] {
        let label = "\(palette(.bold, name)): " + (state.map { "\(palette($0.style, $0.text)) " } ?? "")
        let plain = "\(name): " + (state.map { "\($0.text) " } ?? "")
        return DisplayWidth.hanging(text, after: label, labelWidth: DisplayWidth.columns(of: plain), width: width)
    }

    private struct Field {
        var name: String
        var text: String
        var style = Style.dim
    }

    private func fields(of rollout: RolloutDocument, _ service: ServiceDocument) -> [Field] {
        var fields = [
            Field(name: "replicas", text: rollout.counts),
            Field(name: "reason", text: rollout.remark(of: service)),
        ]
        if let until = rollout.until {
            let name = rollout.phase == .paused ? "until" : Self.deadline
            fields.append(Field(name: name, text: "\(timeText(until)) (\(age(from: now, to: until)))"))
        }
        return fields
            + rollout.measurements.map { measurement in
                let text = "\(timeText(measurement.time))  \(measurement.line)"
                return Field(name: "measured", text: text, style: measurement.style)
            }
    }

    /// What the progress deadline is called, which is the widest name.
    private static let deadline = "at most until"

    private func lines(for field: Field) -> [String] {
        let width = DisplayWidth.columns(of: Self.deadline)
        let label = "  \(palette(field.style, DisplayWidth.padded(field.name, to: width)))  "
        return DisplayWidth.hanging(field.text, after: label, labelWidth: width + 4, width: self.width)
    }
}
