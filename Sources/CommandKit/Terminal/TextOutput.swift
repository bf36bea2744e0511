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
    var size: TerminalSize? {
        var size = winsize()
        guard isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return TerminalSize(columns: Int(size.ws_col), rows: max(2, Int(size.ws_row)))
    }

    /// Writes all of the text, waiting where the reader is slow.
    ///
    /// - Throws: `OutputFailure`, also where nobody reads any more.
    func write(_ text: String) throws(OutputFailure) {
        var text = text
        try check(text.withUTF8 { writeAll(UnsafeRawBufferPointer($0)) })
    }

    /// As `write`, for what need not be text.
    func write(_ bytes: [UInt8]) throws(OutputFailure) {
        try check(bytes.withUnsafeBytes { writeAll($0) })
    }

    private func check(_ errno: Int32?) throws(OutputFailure) {
        guard let errno else { return }
        // A terminal that was closed answers with an I/O error.
        let isClosed = errno == EPIPE || (errno == EIO && isTerminal)
        throw isClosed ? .closed : .failed(errno: errno)
    }

    func writeLine(_ line: String) throws(OutputFailure) {
        try write(line + "\n")
    }

    /// Nil, or the errno for which not all of it was written.
    private func writeAll(_ bytes: UnsafeRawBufferPointer) -> Int32? {
        var rest = bytes
        while !rest.isEmpty {
            let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if written > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            } else if written < 0, errno == EAGAIN {
                var waited = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waited, 1, -1)
            } else if written < 0, errno != EINTR {
                return errno
            }
        }
        return nil
    }
}

/// Why something could not be written.
enum OutputFailure: Error, Hashable {
    /// Nobody reads it any more: a pipe whose reader ended, a terminal that was closed.
    case closed
    /// A full disk, say.
    case failed(errno: Int32)
}

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
