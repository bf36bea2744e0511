extension Diagnostic {
    /// As a person reads it: `FILE:LINE:COLUMN: error: what is wrong; what would be right`, the source line, and a
    /// caret under the place.
    public var text: String {
        let place = location.map { "\($0): " } ?? ""
        let head = "\(place)\(severity.rawValue): \(message)" + (remedy.map { "; \($0)" } ?? "")
        guard let location, let sourceLine else { return Self.printable(head) }
        let (line, caret) = Self.excerpt(of: sourceLine, column: location.column)
        return "\(Self.printable(head))\n\(line)\n\(caret)"
    }

    /// The widest excerpt of a line, in columns of a terminal.
    private static let excerptWidth = 120

    /// A line as a terminal shows it, with a caret under a column; of a long line only what surrounds the column.
    ///
    /// - Parameter column: counted in code points from 1.
    private static func excerpt(of line: String, column: Int) -> (line: String, caret: String) {
        let scalars = Array(line.unicodeScalars)
        let place = min(max(column - 1, 0), scalars.count)
        let start = scalars.count > excerptWidth ? max(0, place - excerptWidth / 2) : 0
        let end = min(scalars.count, start + excerptWidth)
        var (shown, caret) = start > 0 ? ("…", " ") : ("", "")
        for index in start..<end {
            shown += printable(scalars[index])
            // A tab is repeated, so that the caret moves as far as the terminal's own tab does.
            if index < place {
                caret += scalars[index] == "\t" ? "\t" : String(repeating: " ", count: width(of: scalars[index]))
            }
        }
        return (shown + (end < scalars.count ? "…" : ""), caret + "^")
    }

    private static func printable(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { $0 += printable($1) }
    }

    /// A file must not be able to drive the terminal that its faults are shown on.
    private static func printable(_ scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .control where scalar != "\t", .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            "\u{FFFD}"
        default: String(scalar)
        }
    }

    /// The columns that a terminal gives a character: none to what combines with the one before, two to wide ones
    /// (the blocks whose characters are East Asian Wide or Fullwidth in Unicode's UAX #11).
    private static func width(of scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
