import ControlProtocol

/// Writes lines of output as the user asked for them: prefixed and coloured, with times, or as JSON.
struct LogPrinter: Sendable {
    struct Format: Sendable {
        var output: OutputFormat = .table
        var hasPrefix = true
        var hasTime = false
    }

    private let format: Format
    private var prefixes: LogPrefixes
    private let palette: Palette

    init(_ format: Format, services: [ServiceDocument], palette: Palette) {
        self.format = format
        self.palette = palette
        prefixes = LogPrefixes(
            replicas: services.flatMap(\.replicas).map { ($0.service, $0.replica) }, palette: palette)
    }

    /// The line to write for a record, without its newline.
    mutating func line(for record: StreamRecord<LogLine>) throws -> String {
        switch (format.output, record) {
        case (.json, _): return try JSONText.line(record)
        case (.table, .gap(let gap)): return palette(.yellow, gap.text)
        case (.table, .item(let item)):
            let prefix = format.hasPrefix ? prefixes.prefix(service: item.service, index: item.replica) : ""
            let time = format.hasTime ? palette(.dim, item.time.description) + " " : ""
            let body = prefixes.body(item.text)
            return prefix + time + (item.stream == .stackd ? palette(.yellow, "… " + body) : body)
        }
    }
}

extension StreamGap {
    /// `… 12 lines are missing here: this reader was too slow`
    var text: String {
        let what = lost == 1 ? "1 \(unit.rawValue.dropLast()) is" : "\(lost) \(unit.rawValue) are"
        let why =
            switch code {
            case .clientTooSlow: "this reader was too slow"
            case .noLongerKept: "the daemon does not keep them any more"
            case .answerTooLarge: "they are more than one answer holds"
            case .outputDropped: "the output could not be kept"
            }
        return "… \(what) missing here: \(why)"
    }
}
