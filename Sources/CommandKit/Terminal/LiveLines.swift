/// Lines at the bottom of a terminal that are drawn again and again in the same place, under text that scrolls by.
struct LiveLines: Sendable {
    private var drawn = 0

    /// What to write so that these lines stand where the last ones stood, with `above` scrolled in before them.
    ///
    /// A line that would wrap is cut, since it would take two rows and the count would be wrong.
    mutating func frame(_ lines: [String], above: String = "") -> String {
        guard drawn > 0 || !lines.isEmpty else { return above }
        var text = rewind()
        text += above
        for line in lines { text += line + "\n" }
        drawn = lines.count
        return text
    }

    /// What to write so that the lines are gone.
    mutating func cleared() -> String {
        defer { drawn = 0 }
        return rewind()
    }

    /// Forget the lines, which so become ordinary text.
    mutating func leave() {
        drawn = 0
    }

    /// To the first drawn line (CPL), then clear to the end of the screen (ED).
    private func rewind() -> String {
        drawn == 0 ? "" : "\u{1B}[\(drawn)F\u{1B}[J"
    }
}
