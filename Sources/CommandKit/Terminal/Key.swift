/// One key, or one paste, of a terminal.
enum Key: Hashable, Sendable {
    case character(Character)
    /// Ctrl with this letter, in lower case.
    case control(Character)
    case enter, tab, backTab, escape, backspace, delete
    case up, down, left, right, home, end, pageUp, pageDown
    case paste(String)
}
