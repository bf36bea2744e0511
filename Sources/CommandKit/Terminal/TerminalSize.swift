import Glibc

/// In characters.
struct TerminalSize: Hashable, Sendable {
    var columns: Int
    var rows: Int
}

extension TerminalSize {
    /// Of a terminal that does not tell.
    static let usual = TerminalSize(columns: 80, rows: 24)

    /// That of the terminal at which a user sits: which is both standard input and standard output. Nil where there is
    /// none, as in a pipe.
    static func ofUser() -> TerminalSize? {
        let output = TextOutput.standardOutput()
        guard isatty(STDIN_FILENO) == 1, output.isTerminal else { return nil }
        return output.size ?? usual
    }
}
