/// Rows under headings, columns two spaces apart, cut to a width by shortening its last column.
struct Table: Sendable {
    struct Cell: Sendable {
        var text: String
        var style: Style

        init(_ text: String, _ style: Style = .plain) {
            self.text = DisplayWidth.singleLine(text)
            self.style = style
        }
    }

    var headings: [String]
    /// Each as long as the headings.
    private(set) var rows: [[Cell]] = []

    init(_ headings: String...) {
        self.headings = headings
    }

    mutating func append(_ row: Cell...) {
        rows.append(row)
    }

    private static let gap = 2
    /// The last column keeps so much, even where the line becomes longer than the terminal.
    private static let leastLastColumn = 12

    /// The lines, headings first.
    ///
    /// - Parameter width: the terminal's columns; nil where nothing needs to fit, as in a file.
    func lines(width: Int?, palette: Palette) -> [String] {
        let natural = headings.indices.map { column in
            ([headings[column]] + rows.map { $0[column].text }).map { DisplayWidth.columns(of: $0) }.max() ?? 0
        }
        let before = natural.dropLast().reduce(0) { $0 + $1 + Self.gap }
        let last = width.map { max(Self.leastLastColumn, $0 - before) } ?? .max
        let heading = headings.map { Cell($0, .bold) }
        return ([heading] + rows).map { line(of: $0, widths: natural, last: last, palette: palette) }
    }

    private func line(of cells: [Cell], widths: [Int], last: Int, palette: Palette) -> String {
        var line = ""
        var pending = 0
        for (column, cell) in cells.enumerated() where !cell.text.isEmpty || column < cells.count - 1 {
            let isLast = column == cells.count - 1
            let text = isLast ? DisplayWidth.fitted(cell.text, to: last) : cell.text
            if !text.isEmpty {
                line += DisplayWidth.spaces(pending) + palette(cell.style, text)
                pending = 0
            }
            pending += widths[column] - DisplayWidth.columns(of: text) + Self.gap
        }
        return line
    }
}
