/// Text that is longer than a line.
extension DisplayWidth {
    /// Words on lines of a width; a word that is longer than a line is broken.
    ///
    /// - Parameter width: at least 1; nil leaves the text on one line.
    static func wrapped(_ text: String, to width: Int?) -> [String] {
        guard let width, columns(of: text) > width else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            let extended = line.isEmpty ? String(word) : "\(line) \(word)"
            if columns(of: extended) <= width {
                line = extended
                continue
            }
            if !line.isEmpty { lines.append(line) }
            var pieces = broken(word, to: width)
            line = pieces.popLast() ?? ""
            lines += pieces
        }
        return line.isEmpty ? lines : lines + [line]
    }

    /// The pieces of a word, of which each fits; a character that is wider than the width stands alone.
    private static func broken(_ word: Substring, to width: Int) -> [String] {
        var pieces: [String] = []
        var piece = ""
        var used = 0
        for character in word {
            let columns = columns(of: character)
            if used + columns > width, !piece.isEmpty {
                pieces.append(piece)
                piece = ""
                used = 0
            }
            piece.append(character)
            used += columns
        }
        return pieces + [piece]
    }

    /// Lines of which all but the first are indented as far as a label that stands before the first, so that the text
    /// is a column of its own; where too little room is left for that, it begins under the label.
    ///
    /// - Parameters:
    ///   - label: as it is written, with its styles.
    ///   - labelWidth: the columns that it takes.
    static func hanging(_ text: String, after label: String, labelWidth: Int, width: Int?) -> [String] {
        guard let width else { return [label + text] }
        let room = width - labelWidth
        if room >= leastRoom {
            let lines = wrapped(text, to: room)
            return lines.enumerated().map { $0.offset == 0 ? label + $0.element : spaces(labelWidth) + $0.element }
        }
        return [label] + wrapped(text, to: max(1, width - underLabel)).map { spaces(underLabel) + $0 }
    }

    private static let leastRoom = 16
    private static let underLabel = 4
}
