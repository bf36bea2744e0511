import Glibc

/// The whole of a terminal, taken from the shell without disturbing what stands on it, and given back where the owner
/// ends: raw keys, the alternate screen, no cursor, no wrapping, pastes in brackets.
struct FullScreen: ~Copyable {
    private let output: TextOutput
    private let keys: RawMode

    private static let begin = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[?2004h"
    private static let end = "\u{1B}[?2004l\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

    /// - Throws: `SystemError` where standard input is no terminal, `OutputFailure` where the output is gone.
    init(input: Int32 = STDIN_FILENO, output: TextOutput) throws {
        let keys = try RawMode(input)
        try output.write(Self.begin)
        self.keys = keys
        self.output = output
    }

    deinit {
        try? output.write(Self.end)
    }
}
