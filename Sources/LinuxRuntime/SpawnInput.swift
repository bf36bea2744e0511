import Glibc

/// Writes what a program is to read, without ever waiting for it: what it does not take yet is kept, up to a bound.
final class SpawnInput {
    private enum Ending {
        /// More may come.
        case open
        /// The end follows what is kept.
        case ending
        /// The end was told, or the program has closed its side: nothing is written any more.
        case ended
    }

    private let loop: EventLoop
    private let capacity: Int
    private let isTerminal: Bool
    private var descriptor: Descriptor?
    private var registration: EventLoop.Registration?
    private var kept: [UInt8] = []
    private var ending = Ending.open
    private var whenWritten: (() -> Void)?
    /// What was written last ended a line, as far as a terminal knows.
    private var isAtLineStart = true

    /// Takes over a descriptor that never waits. SIGPIPE must be ignored.
    init(_ descriptor: consuming Descriptor, isTerminal: Bool, capacity: Int, loop: EventLoop) {
        self.loop = loop
        self.capacity = capacity
        self.isTerminal = isTerminal
        self.descriptor = consume descriptor
    }

    deinit {
        close()
    }

    /// Passes bytes on, and the end after them. False: there is no room for all of them, and none was taken. What comes
    /// after the program has closed its input is nobody's, and is no error.
    func write(_ bytes: [UInt8], isLast: Bool) throws(SystemError) -> Bool {
        guard ending == .open else { return true }
        guard kept.count + bytes.count <= capacity else { return false }
        kept += bytes
        if isLast { ending = .ending }
        if registration == nil { try flush() }
        return true
    }

    /// Calls `action` once: when nothing is kept any more. A later call takes the place of an earlier one.
    func whenWritten(_ action: @escaping () -> Void) {
        whenWritten = action
        if kept.isEmpty { tellWritten() }
    }

    func close() {
        if let registration { loop.deregister(registration) }
        registration = nil
        descriptor = nil
        kept = []
        ending = .ended
        tellWritten()
    }

    private func tellWritten() {
        let action = whenWritten
        whenWritten = nil
        action?()
    }

    private func flush() throws(SystemError) {
        guard let number = descriptor?.number else { return }
        let count = kept.isEmpty ? 0 : kept.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
        if count > 0 {
            isAtLineStart = kept[count - 1] == UInt8(ascii: "\n") || kept[count - 1] == UInt8(ascii: "\r")
            kept.removeFirst(count)
        } else if count < 0, errno != EAGAIN, errno != EINTR {
            // EPIPE: it reads no more.
            return close()
        }
        if kept.isEmpty, ending == .ending, isTerminal, appendEnd(number) { return try flush() }
        try kept.isEmpty ? stopWaiting() : wait(on: number)
    }

    private func wait(on number: Int32) throws(SystemError) {
        guard registration == nil else { return }
        registration = try loop.register(number, for: .writable) { [unowned self] _ in
            // Registered already, it cannot fail.
            try? flush()
        }
    }

    private func stopWaiting() {
        if let registration { loop.deregister(registration) }
        registration = nil
        // A terminal goes on after the end of its input.
        if ending == .ending, !isTerminal { close() }
        tellWritten()
    }

    /// Puts the characters by which a terminal is told of the end; the first of two sends off an unfinished line.
    private func appendEnd(_ number: Int32) -> Bool {
        ending = .ended
        guard let end = Terminal.endOfInput(of: number) else { return false }
        kept = Array(repeating: end, count: isAtLineStart ? 1 : 2)
        return true
    }
}
