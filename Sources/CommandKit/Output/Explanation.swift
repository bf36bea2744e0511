import ControlProtocol

/// Why a replica is in its state: the state, and the events that led to it, the newest first.
struct Explanation: Hashable, Codable, Sendable {
    var replica: ReplicaDocument
    var causes: [EventDocument]

    /// The state in a sentence, then each event, indented under what it led to.
    ///
    /// - Parameters:
    ///   - limit: so many events at the most.
    ///   - timeText: how a point in time is written.
    func lines(
        now: Timestamp, palette: Palette, limit: Int = .max, timeText: (Timestamp) -> String = \.localTimeOfDay
    ) -> [String] {
        let state = replica.state == .running && !replica.ready ? "running, not ready" : replica.word
        let remark = replica.remark.isEmpty ? "" : ": \(replica.remark)"
        let time = "for \(age(from: replica.since, to: now)) (since \(timeText(replica.since)))"
        let heading = "\(palette(.bold, replica.name)): \(palette(replica.style, state)) \(time)\(remark)"
        return [heading] + causeLines(limit: limit, palette: palette, timeText: timeText)
    }

    /// Beyond this depth the lines are no longer indented further.
    private static let deepest = 8

    private func causeLines(limit: Int, palette: Palette, timeText: (Timestamp) -> String) -> [String] {
        var depth = 0
        var led: EventDocument?
        return causes.prefix(limit).map { event in
            // An event that did not lead to the one before begins a chain of its own: that of a dependency, say.
            let isCause = led?.cause == event.id
            depth = isCause ? min(depth + 1, Self.deepest) : 0
            led = event
            let indentation = DisplayWidth.spaces(2 + 2 * depth)
            let text = DisplayWidth.singleLine(event.text)
            return
                "\(indentation)\(palette(.dim, timeText(event.time)))  \(isCause ? "because " : "")\(event.subject): \(text)"
        }
    }
}
