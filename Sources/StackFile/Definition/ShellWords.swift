/// Splits a command line into words as a POSIX shell would, without running one: blanks, quotes and backslashes
/// (POSIX.1-2024, XCU 2.2, "Quoting"). Nothing is expanded: `$` is the business of templates.
enum ShellWords {
    enum Fault: Error, Hashable {
        case unclosedQuote(Character)
        /// A word that only a shell gives a meaning to: `|`, `&&`, `>`, …
        case shellOperator(String)
    }

    private enum State {
        /// Between words.
        case blank
        /// In a word, outside of quotes.
        case word
        case singleQuotes
        case doubleQuotes
    }

    private static let operators: Set<String> = ["|", "||", "&&", "&", ";", "<", ">", ">>", "<<", "2>", "2>&1", ">&2"]

    static func split(_ line: String) throws(Fault) -> [String] {
        var words: [String] = []
        var word = ""
        var hasQuotes = false
        var state = State.blank
        var isEscaped = false
        for character in line.unicodeScalars {
            if isEscaped {
                isEscaped = false
                let keepsBackslash = state == .doubleQuotes && !"\\\"$`\n".unicodeScalars.contains(character)
                if keepsBackslash { word.unicodeScalars.append("\\") }
                if character != "\n" { word.unicodeScalars.append(character) }
                continue
            }
            switch (state, character) {
            case (.blank, " "), (.blank, "\t"), (.blank, "\n"), (.blank, "\r"): break
            case (.word, " "), (.word, "\t"), (.word, "\n"), (.word, "\r"):
                try append(&word, hasQuotes: &hasQuotes, to: &words)
                state = .blank
            case (.blank, "'"), (.word, "'"):
                (state, hasQuotes) = (.singleQuotes, true)
            case (.blank, "\""), (.word, "\""):
                (state, hasQuotes) = (.doubleQuotes, true)
            case (.singleQuotes, "'"), (.doubleQuotes, "\""): state = .word
            case (.blank, "\\"), (.word, "\\"):
                (state, isEscaped, hasQuotes) = (.word, true, true)
            case (.doubleQuotes, "\\"): isEscaped = true
            case (.blank, _):
                state = .word
                word.unicodeScalars.append(character)
            case (.word, _), (.singleQuotes, _), (.doubleQuotes, _): word.unicodeScalars.append(character)
            }
        }
        switch state {
        case .singleQuotes: throw .unclosedQuote("'")
        case .doubleQuotes: throw .unclosedQuote("\"")
        case .word: try append(&word, hasQuotes: &hasQuotes, to: &words)
        case .blank: break
        }
        return words
    }

    private static func append(_ word: inout String, hasQuotes: inout Bool, to words: inout [String]) throws(Fault) {
        if !hasQuotes {
            if operators.contains(word) { throw .shellOperator(word) }
            if word.hasSuffix(";") { throw .shellOperator(";") }
        }
        words.append(word)
        (word, hasQuotes) = ("", false)
    }
}
