import Glibc

/// Standard output or standard error, with what is known of the terminal behind it.
struct TextOutput: Sendable {
    let descriptor: Int32
    let isTerminal: Bool
    let palette: Palette

    /// - Parameter isColourDeclined: the user asked for no colour on the command line.
    static func standardOutput(isColourDeclined: Bool = false) -> TextOutput {
        TextOutput(descriptor: STDOUT_FILENO, isColourDeclined: isColourDeclined)
    }

    static func standardError(isColourDeclined: Bool = false) -> TextOutput {
        TextOutput(descriptor: STDERR_FILENO, isColourDeclined: isColourDeclined)
    }

    private init(descriptor: Int32, isColourDeclined: Bool) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        palette = .suited(isTerminal: isTerminal, environment: processEnvironment(), isDeclined: isColourDeclined)
    }

    /// The terminal's size now, in characters; nil where there is none.
    var size: (columns: Int, rows: Int)? {
        var size = winsize()
        guard isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return (Int(size.ws_col), max(2, Int(size.ws_row)))
    }

    /// Writes all of the text, waiting where the reader is slow.
    ///
    /// - Throws: `OutputClosed` where nobody reads any more: a pipe whose reader ended, a terminal that was closed.
    func write(_ text: String) throws(OutputClosed) {
        var text = text
        let succeeded = text.withUTF8 { bytes in writeAll(bytes) }
        if !succeeded { throw OutputClosed() }
    }

    func writeLine(_ line: String) throws(OutputClosed) {
        try write(line + "\n")
    }

    private func writeAll(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var rest = UnsafeRawBufferPointer(bytes)
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if written > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            } else if written < 0, errno == EAGAIN {
                var waited = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waited, 1, -1)
            } else if written == 0 || errno != EINTR {
                return false
            }
        }
        return true
    }
}

/// Nobody reads what is written any more.
struct OutputClosed: Error {}

/// The environment of this process.
func processEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
        let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
        entry += 1
    }
    return result
}
