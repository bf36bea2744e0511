/// Rows under headings, columns two spaces apart, made to fit a width: columns that can be done without go first, then
/// the widest ones are shortened.
struct Table: Sendable {
    struct Column: Sendable, ExpressibleByStringLiteral {
        var heading: String
        /// Where there is not room for all, the column of the lowest number goes first; nil stays.
        var leaving: Int?

        init(_ heading: String, leaving: Int? = nil) {
            self.heading = heading
            self.leaving = leaving
        }

        init(stringLiteral heading: String) {
            self.init(heading)
        }
    }

    struct Cell: Sendable {
        var text: String
        var style: Style

        init(_ text: String, _ style: Style = .plain) {
            self.text = DisplayWidth.singleLine(text)
            self.style = style
        }
    }

    var columns: [Column]
    /// Each as long as there are columns.
    private(set) var rows: [[Cell]] = []

    init(_ columns: Column...) {
        self.init(columns: columns)
    }

    init(columns: [Column]) {
        self.columns = columns
    }

    mutating func append(_ row: Cell...) {
        append(row)
    }

    mutating func append(_ row: [Cell]) {
        rows.append(row)
    }

    private static let gap = 2
    /// No column goes for the sake of the last one's end, as long as that shows so much.
    private static let leastLastColumn = 10

    /// The lines, headings first.
    ///
    /// - Parameter width: the terminal's columns; nil where nothing needs to fit, as in a file.
    func lines(width: Int?, palette: Palette) -> [String] {
        let natural = columns.indices.map { column in
            max(
                DisplayWidth.columns(of: columns[column].heading),
                rows.map { DisplayWidth.columns(of: $0[column].text) }.max() ?? 0)
        }
        let shown = shownColumns(natural, width: width)
        let widths = Self.shortened(shown.map { natural[$0] }, to: width)
        let heading = columns.map { Cell($0.heading, .bold) }
        return ([heading] + rows).map { row in line(of: shown.map { row[$0] }, widths: widths, palette: palette) }
    }

    private func shownColumns(_ natural: [Int], width: Int?) -> [Int] {
        var shown = Array(natural.indices)
        guard let width else { return shown }
        while Self.leastWidth(shown.map { natural[$0] }) > width {
            let candidates = shown.compactMap { column in columns[column].leaving.map { (rank: $0, column: column) } }
            guard let next = candidates.min(by: { $0.rank < $1.rank }) else { break }
            shown.removeAll { $0 == next.column }
        }
        return shown
    }

    private static func leastWidth(_ widths: [Int]) -> Int {
        guard let last = widths.last else { return 0 }
        return total(widths.dropLast() + [min(last, leastLastColumn)])
    }

    private static func total(_ widths: [Int]) -> Int {
        widths.reduce(0, +) + gap * max(0, widths.count - 1)
    }

    private static func shortened(_ widths: [Int], to width: Int?) -> [Int] {
        var widths = widths
        guard let width else { return widths }
        for _ in 0..<max(0, total(widths) - width) {
            // Of equally wide ones the last, which is mostly prose.
            guard let widest = widths.indices.max(by: { widths[$0] <= widths[$1] }) else { break }
            widths[widest] = max(1, widths[widest] - 1)
        }
        return widths
    }

    private func line(of cells: [Cell], widths: [Int], palette: Palette) -> String {
        var line = ""
        var pending = 0
        for (cell, width) in zip(cells, widths) {
            let text = DisplayWidth.fitted(cell.text, to: width)
            if !text.isEmpty {
                line += DisplayWidth.spaces(pending) + palette(cell.style, text)
                pending = 0
            }
            pending += width - DisplayWidth.columns(of: text) + Self.gap
        }
        return line
    }
}

extension TextOutput {
    /// Writes the table so that it fits the terminal, where there is one.
    func write(_ table: Table) throws(OutputFailure) {
        for line in table.lines(width: size?.columns, palette: palette) { try writeLine(line) }
    }
}
