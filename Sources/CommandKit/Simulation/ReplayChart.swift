import StackModel
import SupervisorCore

/// A replay as a picture: the load over time, and under it the replicas.
struct ReplayChart {
    var palette: Palette
    /// Of the picture, in characters.
    var size: TerminalSize
    /// Whether the terminal shows more than ASCII.
    var isUnicode: Bool

    private var marks: Marks { isUnicode ? .blocks : .ascii }

    /// The least in which anything can be seen.
    static let leastSize = TerminalSize(columns: 20, rows: 9)

    func lines(for replay: Replay) -> [String] {
        let panels = panels(of: replay)
        let labelWidth = panels.map(\.labelWidth).max() ?? 0
        let width = max(1, size.columns - labelWidth - 2)
        let columns = Self.columns(of: replay, count: width)
        let indentation = DisplayWidth.spaces(labelWidth + 1)
        let corner = indentation + marks.corner + String(repeating: marks.horizontal, count: width)
        return panels.flatMap { panel in
            [indentation + " " + panel.title.prefix(width)] + lines(of: panel, columns, labelWidth: labelWidth)
        } + [palette(.dim, corner), indentation + " " + timeLine(of: replay, width: width)]
    }

    /// The first and the last time, where both have room.
    private func timeLine(of replay: Replay, width: Int) -> String {
        let (first, last) = (replay.trace.text(of: .zero), replay.trace.text(of: replay.steps.last?.time ?? .zero))
        let gap = width - DisplayWidth.columns(of: first) - DisplayWidth.columns(of: last)
        return gap > 0 ? first + DisplayWidth.spaces(gap) + last : String(last.suffix(width))
    }
}

// MARK: - Columns

extension ReplayChart {
    /// What a column of the picture shows of the steps that fall into it: the worst of each.
    private struct Column {
        var load: Double?
        var wanted = 0
        var ready = Int.max

        mutating func take(_ step: Replay.Step, load: Double?) {
            self.load = [self.load, load].compactMap { $0 }.max()
            wanted = max(wanted, step.decision.desired)
            ready = min(ready, step.ready)
        }
    }

    /// Where there are fewer steps than columns, a step is as wide as it is long.
    private static func columns(of replay: Replay, count: Int) -> [Column] {
        let end = max(replay.steps.last?.time.inSeconds ?? 0, .leastNormalMagnitude)
        let hasLoad = replay.trace.columns.contains(.load)
        func place(_ step: Replay.Step) -> Int { min(count - 1, Int(step.time.inSeconds / end * Double(count))) }
        var columns: [Column] = []
        for (number, step) in replay.steps.enumerated() {
            let load = hasLoad ? step.load : step.decision.highestPercent
            let next = number + 1 < replay.steps.count ? place(replay.steps[number + 1]) : count
            let first = place(step)
            while columns.count <= first { columns.append(Column()) }
            columns[first].take(step, load: load)
            var alone = Column()
            alone.take(step, load: load)
            while columns.count < next { columns.append(alone) }
        }
        return columns
    }
}

// MARK: - Panels

extension ReplayChart {
    private struct Panel {
        enum Content {
            case load, replicas
        }

        var content: Content
        var title: String
        var rows: Int
        /// The value at its upper edge.
        var top: Double
        var labelWidth: Int { topLabel.count }

        var topLabel: String { numberText(top) }
    }

    /// The load takes what the replicas leave, as these need no more than a row each.
    private func panels(of replay: Replay) -> [Panel] {
        let hasLoad = replay.trace.columns.contains(.load)
        let loads = replay.steps.compactMap { hasLoad ? $0.load : $0.decision.highestPercent }
        let peak = max(1, replay.steps.map { max($0.ready, $0.decision.desired) }.max() ?? 1)
        let rows = max(Self.leastSize.rows, size.rows) - 4
        let replicaRows = min(peak, rows * 3 / 5)
        return [
            Panel(
                content: .load, title: hasLoad ? "load" : "load, in % of its target", rows: rows - replicaRows,
                top: max(loads.max() ?? 0, .leastNormalMagnitude)),
            Panel(
                content: .replicas, title: "replicas: \(marks.ready) ready, \(marks.starting) not yet",
                rows: replicaRows, top: Double(peak)),
        ]
    }

    private func lines(of panel: Panel, _ columns: [Column], labelWidth: Int) -> [String] {
        (0..<panel.rows).map { row in
            let label = row == 0 ? panel.topLabel : ""
            let edge = DisplayWidth.spaces(labelWidth - label.count) + label + " " + marks.vertical
            // The uppermost row is drawn first.
            let (low, high) = (
                panel.top * Double(panel.rows - row - 1) / Double(panel.rows),
                panel.top * Double(panel.rows - row) / Double(panel.rows)
            )
            return palette(.dim, edge) + runs(columns.map { mark($0, of: panel.content, from: low, to: high) })
        }
    }

    private func mark(_ column: Column, of content: Panel.Content, from low: Double, to high: Double) -> Mark {
        switch content {
        case .load:
            return Mark(text: marks.level((column.load ?? 0), from: low, to: high), style: .service(0))
        case .replicas:
            if Double(column.ready) >= high { return Mark(text: marks.ready, style: .green) }
            return Double(column.wanted) >= high ? Mark(text: marks.starting, style: .yellow) : .empty
        }
    }

    private struct Mark: Equatable {
        var text: Character
        var style: Style

        static let empty = Mark(text: " ", style: .plain)
    }

    /// Neighbours of one style are coloured together.
    private func runs(_ marks: [Mark]) -> String {
        var line = ""
        var run = ""
        var style = Style.plain
        for mark in marks {
            if mark.style != style {
                line += palette(style, run)
                run = ""
                style = mark.style
            }
            run.append(mark.text)
        }
        return line + palette(style, run)
    }
}

// MARK: - Marks

/// What the picture is drawn with.
private struct Marks {
    /// From the emptiest to the full one.
    var levels: [Character]
    var ready: Character
    var starting: Character
    var vertical: String
    var horizontal: String
    var corner: String

    static let blocks = Marks(
        levels: Array(" ▁▂▃▄▅▆▇█"), ready: "█", starting: "░", vertical: "│", horizontal: "─", corner: "└")
    static let ascii = Marks(
        levels: Array(" .:#"), ready: "#", starting: ".", vertical: "|", horizontal: "-", corner: "+")

    /// How much of a row a value fills; what is not nothing can be seen.
    func level(_ value: Double, from low: Double, to high: Double) -> Character {
        guard value > low else { return levels[0] }
        let share = min(1, (value - low) / (high - low))
        return levels[max(1, Int((share * Double(levels.count - 1)).rounded()))]
    }
}
