import ControlProtocol

/// Why a replica is in its state: the state, and the events that led to it, the newest first. Or, of a service that has
/// no replica, why it has none.
struct Explanation: Hashable, Encodable, Sendable {
    var replica: ReplicaDocument?
    var causes: [EventDocument]
    /// Those of its service.
    var rollout: RolloutDocument?
    var scaling: ScalingStatusDocument?
    /// As a list calls it.
    private var name: String

    init(
        row: ReplicaRow, causes: [EventDocument], rollout: RolloutDocument? = nil,
        scaling: ScalingStatusDocument? = nil
    ) {
        self.init(name: row.name, causes: causes, rollout: rollout, scaling: scaling)
        replica = row.replica
    }

    init(
        name: String, causes: [EventDocument], rollout: RolloutDocument? = nil, scaling: ScalingStatusDocument? = nil
    ) {
        self.name = name
        self.causes = causes
        self.rollout = rollout
        self.scaling = scaling
    }

    private enum CodingKeys: String, CodingKey {
        case replica, causes, rollout, scaling
    }

    /// The state in a sentence, then each event, indented under what it led to.
    ///
    /// - Parameters:
    ///   - limit: so many events at the most.
    ///   - width: the terminal's columns; nil where nothing needs to fit.
    ///   - timeText: how a point in time is written.
    func lines(
        now: Timestamp, palette: Palette, width: Int? = nil, limit: Int = .max,
        timeText: (Timestamp) -> String = \.localTimeOfDay
    ) -> [String] {
        let causeLines = causeLines(limit: limit, palette: palette, width: width, timeText: timeText)
        guard let replica else { return causeLines }
        let state = replica.state == .running && !replica.ready ? "running, not ready" : replica.word
        let remark = replica.remark.isEmpty ? "" : ": \(replica.remark)"
        let time = "for \(age(from: replica.since, to: now)) (since \(timeText(replica.since)))"
        let label = "\(palette(.bold, name)): \(palette(replica.style, state)) "
        let heading = DisplayWidth.hanging(
            "\(time)\(remark)", after: label, labelWidth: DisplayWidth.columns(of: "\(name): \(state) "),
            width: width)
        return heading + causeLines
    }

    /// Beyond this depth the lines are no longer indented further.
    private static let deepest = 8

    private func causeLines(
        limit: Int, palette: Palette, width: Int?, timeText: (Timestamp) -> String
    ) -> [String] {
        var depth = 0
        var led: EventDocument?
        return causes.prefix(limit).flatMap { event in
            // An event that did not lead to the one before begins a chain of its own: that of a dependency, say.
            let isCause = led?.cause == event.id
            depth = isCause ? min(depth + 1, Self.deepest) : 0
            led = event
            let indentation = DisplayWidth.spaces(2 + 2 * depth)
            let time = timeText(event.time)
            let text = "\(isCause ? "because " : "")\(event.subject): \(DisplayWidth.singleLine(event.text))"
            return DisplayWidth.hanging(
                text, after: "\(indentation)\(palette(.dim, time))  ",
                labelWidth: indentation.count + DisplayWidth.columns(of: time) + 2, width: width)
        }
    }
}
