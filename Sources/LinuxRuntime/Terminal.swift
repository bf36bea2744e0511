import CLinux
import Glibc

/// A pseudo-terminal: a program has the one end for its terminal, whoever has the other types and reads there.
struct Terminal: ~Copyable {
    /// Where what is typed is written and what is shown is read; never waits. When its last duplicate is closed, the
    /// terminal hangs up: its processes get SIGHUP.
    let driver: Descriptor
    /// The program's end.
    let terminal: Descriptor

    /// Makes a terminal. Its owner, whose programs may open it by its name, is `owner`, or else the caller.
    init(_ size: TerminalSize, owner: UInt32?) throws(SystemError) {
        var ends: (Int32, Int32) = (-1, -1)
        try check(clinux_open_terminal(&ends.0, &ends.1), "open a pseudo-terminal")
        let driver = Descriptor(owning: ends.0)
        let terminal = Descriptor(owning: ends.1)
        try Terminal.resize(driver.number, to: size)
        if let owner, owner != geteuid() {
            try checkLibc(fchown(terminal.number, owner, gid_t.max), "give the terminal to user \(owner)")
        }
        self.driver = driver
        self.terminal = terminal
    }

    /// Changes the size, of which the terminal tells its foreground processes by SIGWINCH.
    static func resize(_ driver: Int32, to size: TerminalSize) throws(SystemError) {
        try check(
            clinux_set_terminal_size(driver, UInt16(clamping: size.rows), UInt16(clamping: size.columns)),
            "resize the terminal")
    }

    /// The character that ends the input, as the program has set it; nil where it reads what is typed as it is.
    static func endOfInput(of driver: Int32) -> UInt8? {
        var attributes = termios()
        guard tcgetattr(driver, &attributes) == 0, attributes.c_lflag & tcflag_t(ICANON) != 0 else { return nil }
        return withUnsafeBytes(of: attributes.c_cc) { $0[Int(VEOF)] }
    }
}

/// In characters.
public struct TerminalSize: Hashable, Sendable {
    public var rows: Int
    public var columns: Int

    public init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
    }
}
