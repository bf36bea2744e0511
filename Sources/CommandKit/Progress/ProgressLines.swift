import ControlProtocol

/// The live lines of a terminal: one a service, those that are not there yet first where there is not room for all.
struct ProgressLines {
    var palette: Palette
    /// The terminal's size.
    var columns: Int
    var rows: Int

    /// - Parameter start: when the command began; how long a service took is told from there.
    func lines(for services: [ServiceProgress], start: Timestamp, now: Timestamp) -> [String] {
        let nameWidth = services.map { DisplayWidth.columns(of: $0.service) }.max() ?? 0
        let room = max(1, rows - 2)
        let isComplete = services.count <= room
        let shown = isComplete ? services : Array(services.filter { $0.standing != .reached }.prefix(room))
        var lines = shown.map { line(for: $0, nameWidth: nameWidth, start: start, now: now) }
        if !isComplete {
            let reached = services.count { $0.standing == .reached }
            let count = "\(reached) of \(services.count) services done"
            lines.append(palette(.dim, DisplayWidth.fitted(count, to: columns - 1)))
        }
        return lines
    }

    private static let wordWidth = "rolled back".count
    private static let ageWidth = 6

    private func line(for service: ServiceProgress, nameWidth: Int, start: Timestamp, now: Timestamp) -> String {
        let name = DisplayWidth.padded(service.service, to: nameWidth)
        let word = DisplayWidth.padded(service.word, to: Self.wordWidth)
        let age = DisplayWidth.padded(elapsed(of: service, start: start, now: now), to: Self.ageWidth)
        // The last column stays empty: a character there makes some terminals wrap.
        let room = columns - 1 - nameWidth - Self.wordWidth - Self.ageWidth - 6
        guard room >= 0 else {
            return DisplayWidth.fitted("\(service.service) \(service.word)", to: columns - 1)
        }
        let end = service.until.map { " (for another \(CommandKit.age(from: now, to: $0)))" } ?? ""
        let detail = DisplayWidth.fitted(service.detail + end, to: room)
        return "\(name)  \(palette(style(of: service), word))  \(palette(.dim, age))  \(detail)"
    }

    private func elapsed(of service: ServiceProgress, start: Timestamp, now: Timestamp) -> String {
        switch service.standing {
        case .held, .moving: age(from: max(start, service.since), to: now)
        case .reached, .failed: service.since > start ? age(from: start, to: service.since) : ""
        }
    }

    private func style(of service: ServiceProgress) -> Style {
        switch service.standing {
        case .held: .dim
        case .moving: .yellow
        case .reached: .green
        case .failed: .red
        }
    }
}
