import ControlProtocol

/// The screen of `top` as lines, from what is known and nothing else.
struct TopView: Sendable {
    var palette: Palette

    /// As many lines as the screen has rows, none wider than it.
    func lines(for model: TopModel, now: Timestamp) -> [String] {
        let width = model.size.columns
        let body: [String]
        switch model.screen {
        case .replicas:
            body = table(model, now: now)
        case .logs(let pane):
            let state = pane.isAtEnd ? "following" : "scrolled back"
            body = paneLines(pane, title: "output of \(pane.replica.text), \(state)", model)
        case .explanation(let pane):
            body = paneLines(pane, title: "why \(pane.replica.text) is in its state", model)
        case .help:
            body = helpLines(model)
        }
        let room = max(0, model.size.rows - 1)
        let filled = body.prefix(room) + Array(repeating: "", count: max(0, room - body.count))
        return filled + [lastLine(model, width: width)]
    }

    /// Text of a style, cut to a width.
    private func text(_ text: String, _ style: Style, width: Int) -> String {
        palette(style, DisplayWidth.fitted(text, to: width))
    }

    /// Text over the whole width, as a bar.
    private func bar(_ text: String, width: Int) -> String {
        palette(.inverse, DisplayWidth.padded(DisplayWidth.fitted(text, to: width), to: width))
    }
}

// MARK: - The table

extension TopView {
    /// Where the selected row is marked, on a screen without colours too.
    private static let markerWidth = 1

    private func table(_ model: TopModel, now: Timestamp) -> [String] {
        let width = model.size.columns
        let names = model.rows.map { DisplayWidth.columns(of: $0.name) }
        let columns = TopColumn.fitting(columns: width - Self.markerWidth, longestName: names.max() ?? 0, model.columns)
        let titles = columns.map { $0.title(order: model.order) }.joined(separator: Self.gap)
        let heading = palette(.bold, DisplayWidth.fitted(" " + titles, to: width))
        let shown = model.rows.dropFirst(model.firstRow).prefix(model.tableHeight)
        let rows = shown.map { row in
            self.row(row, columns, isSelected: row.id == model.selectedRow?.id, now: now, width: width)
        }
        let empty = Array(repeating: "", count: model.tableHeight - rows.count)
        return [summary(model, now: now), heading] + rows + empty + [remark(model, now: now)]
    }

    private static let gap = DisplayWidth.spaces(TopColumn.gap)

    private func row(
        _ row: TopRow, _ columns: [TopColumn], isSelected: Bool, now: Timestamp, width: Int
    ) -> String {
        if isSelected {
            return bar(">" + columns.map { $0.text(of: row, now: now) }.joined(separator: Self.gap), width: width)
        }
        return " " + columns.map { palette($0.style(of: row), $0.text(of: row, now: now)) }.joined(separator: Self.gap)
    }

    /// The stack in a line: as much of it as fits, the most important first.
    private func summary(_ model: TopModel, now: Timestamp) -> String {
        guard let sample = model.sample else {
            return text(model.failure ?? "asking the daemon", .dim, width: model.size.columns)
        }
        var parts: [(String, Style)] = [(sample.stack.name, .bold)]
        if let failure = model.failure {
            parts.append((failure, .red))
        } else {
            parts.append((sample.stack.state.rawValue, sample.stack.state.style))
        }
        // What has done its work, or waits for its schedule, is not there to be ready.
        let replicas = sample.services.flatMap(\.replicas).filter { !$0.isAtRest || $0.state == .failed }
        parts.append(("\(replicas.count { $0.ready }) of \(replicas.count) ready", .plain))
        let onDemand = sample.services.filter(\.scaling.awaitsConnection).map(\.name)
        if !onDemand.isEmpty {
            parts.append(("\(onDemand.count == 1 ? onDemand[0] : "\(onDemand.count)") on demand", .dim))
        }
        if let host = sample.host {
            if let percent = model.hostPercent {
                parts.append(("cpu \(percentText(percent)) of \(host.processors * 100)%", .plain))
            }
            parts.append(("memory \(bytesText(host.memoryBytes)) of \(bytesText(host.memoryTotalBytes))", .plain))
        }
        parts.append(("up \(age(from: sample.stack.daemon.since, to: now))", .plain))
        return joined(parts, width: model.size.columns)
    }

    private func joined(_ parts: [(text: String, style: Style)], width: Int) -> String {
        var line = ""
        var room = width
        for (place, part) in parts.enumerated() {
            let gap = place == 0 ? 0 : 3
            // The stack and how it fares are cut; each other part is there or not.
            guard place < 2 ? room > gap : room >= gap + DisplayWidth.columns(of: part.text) else { break }
            let fitted = DisplayWidth.fitted(part.text, to: room - gap)
            line += DisplayWidth.spaces(gap) + palette(part.style, fitted)
            room -= gap + DisplayWidth.columns(of: fitted)
        }
        return line
    }

    /// What there is to say of the selected replica.
    private func remark(_ model: TopModel, now: Timestamp) -> String {
        guard let row = model.selectedRow else {
            let reason = model.filter.isEmpty ? "the stack has no replica" : "no replica matches"
            return model.sample == nil ? "" : text(reason, .dim, width: model.size.columns)
        }
        let processes = row.history.processes.map { $0 == 1 ? "1 process" : "\($0) processes" }
        let pid = row.replica.pid.map { "pid \($0)" }
        // Of a service with an autoscaler how many it has to have, and between which numbers.
        let scale = model.selectedService.flatMap { $0.scaling.boundsText(scale: $0.scale) }
        let facts = [pid, processes, scale].compactMap { $0 }.joined(separator: ", ")
        let line = row.row.line() + (facts.isEmpty ? "" : " (\(facts))")
        return text(line, .dim, width: model.size.columns)
    }
}

extension StackDocument.State {
    fileprivate var style: Style {
        switch self {
        case .ready: .green
        case .starting, .stopping: .yellow
        case .degraded: .red
        case .stopped: .dim
        }
    }
}

// MARK: - What stands over the table

extension TopView {
    private func paneLines(_ pane: TopPane, title: String, _ model: TopModel) -> [String] {
        let width = model.size.columns
        let title = model.failure.map { "\(title); \($0)" } ?? title
        let body = pane.visible(height: model.paneHeight).map { DisplayWidth.fitted($0, to: width) }
        return [bar(title, width: width)] + body
    }

    private static let help = [
        ("↑ ↓ j k", "select a replica"),
        ("PgUp PgDn g G", "a page, the first, the last"),
        ("r s S", "restart, stop, start its service"),
        ("+ -", "one replica of it more, less"),
        ("l", "follow its output"),
        ("e Enter", "explain its state"),
        ("/", "show only what matches; Esc all"),
        ("w", "other columns: files, disk, waiting, kills"),
        ("n t c m x a", "sort by name, state, cpu, memory,"),
        ("", "restarts, age; again: reversed"),
        ("Ctrl-L Ctrl-Z", "draw anew, go to the shell"),
        ("q Ctrl-C", "quit"),
    ]

    private func helpLines(_ model: TopModel) -> [String] {
        let width = model.size.columns
        let keyWidth = 15
        return [bar("keys", width: width)]
            + Self.help.map { keys, meaning in
                let keys = DisplayWidth.padded(keys, to: keyWidth)
                guard width > keyWidth else { return DisplayWidth.fitted(keys, to: width) }
                return palette(.bold, keys) + DisplayWidth.fitted(meaning, to: width - keyWidth)
            }
    }

    private static let tableKeys =
        "q quit   ? help   r restart   s stop   S start   +- scale   l logs   e explain   / filter"

    private func lastLine(_ model: TopModel, width: Int) -> String {
        if let notice = model.notice { return text(notice.text, notice.style, width: width) }
        switch (model.prompt, model.screen) {
        case (.filter, _):
            return text("/\(model.filter)▏", .bold, width: width)
        case (.confirmation(let change), _):
            return text("\(change.text)? y: yes, any other key: no", .yellow, width: width)
        case (.none, .replicas):
            let filter = model.filter.isEmpty ? "" : "/\(model.filter)   "
            return keys(filter + Self.tableKeys, width)
        case (.none, .logs), (.none, .explanation):
            return keys("q back   ↑↓ PgUp PgDn scroll   G end", width)
        case (.none, .help):
            return keys("any key: back", width)
        }
    }

    private func keys(_ keys: String, _ width: Int) -> String {
        text(keys, .dim, width: width)
    }
}
