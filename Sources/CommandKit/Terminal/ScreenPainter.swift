/// Brings a screen from what stands on it to what should, by writing only the lines that differ.
struct ScreenPainter: Sendable {
    private var shown: [String] = []
    private var size: TerminalSize?

    /// What to write, in one piece; nothing where nothing has changed.
    ///
    /// - Parameter lines: from the top; none wider than the screen, and no more than its rows.
    mutating func update(to lines: [String], size: TerminalSize) -> String {
        let isWhole = self.size != size
        if isWhole { shown = [] }
        self.size = size
        var text = ""
        for row in 0..<max(lines.count, shown.count) {
            let line = row < lines.count ? lines[row] : ""
            guard row >= shown.count || shown[row] != line else { continue }
            // To the row (CUP), the line, and away with what stood behind it (EL).
            text += "\u{1B}[\(row + 1);1H\(line)\u{1B}[K"
        }
        if isWhole, lines.count < size.rows { text += "\u{1B}[\(lines.count + 1);1H\u{1B}[J" }
        shown = lines
        // A terminal that knows the synchronized update shows the frame only when it is complete.
        return text.isEmpty ? "" : "\u{1B}[?2026h" + text + "\u{1B}[?2026l"
    }

    /// Somebody else may have written on the screen.
    mutating func forget() {
        size = nil
    }
}
