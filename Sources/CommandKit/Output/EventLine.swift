import ControlProtocol

/// The line of an event: `09:12:03.250  backend/0 #17  spawned with pid 4711`.
func eventLine(
    _ record: StreamRecord<EventDocument>, format: OutputFormat, palette: Palette,
    timeText: (Timestamp) -> String = \.localTimeOfDay
) throws -> String {
    switch (format, record) {
    case (.json, _):
        return try JSONText.line(record)
    case (.table, .gap(let gap)):
        return palette(.yellow, gap.text)
    case (.table, .item(let event)):
        let subject = DisplayWidth.padded(event.subject, to: 16)
        return "\(palette(.dim, timeText(event.time)))  \(subject)  \(DisplayWidth.singleLine(event.text))"
    }
}
