import CLinux
import Glibc

/// One pipe of an instance, cut into lines.
///
/// Its end is never waited for: an orphan may hold it for ever.
final class LogPipe {
    private enum State {
        /// Nothing is read: its log has no number yet, or no room. Becomes `reading`, or `ended`.
        case waiting
        case reading(EventLoop.Registration)
        case ended
    }

    /// The longest text of a record; a longer line is cut into several.
    static let longestText = 64 << 10
    /// A pipe that has had so many bytes is made larger: its writer is in a hurry.
    private static let busySize = 16 << 10
    private static let busyCapacity = 1 << 20

    let channel: LogChannel
    /// Look at each line as it is read.
    var watches: [(watch: Int, pattern: LogPattern)] = []
    private let stream: LogStream
    private unowned let pump: LogPump
    private var reader: Descriptor?
    private var state = State.waiting
    /// No more than what is there is to be read.
    private var isEnding = false
    private var isLarge = false
    /// The beginning of a line whose end has not come yet.
    private var partial: [UInt8] = []
    /// What was read and has to wait for room.
    private var unsplit: [UInt8] = []

    init(_ descriptor: consuming Descriptor, _ channel: LogChannel, _ stream: LogStream, pump: LogPump) {
        reader = consume descriptor
        self.channel = channel
        self.stream = stream
        self.pump = pump
    }

    /// Begins to read, or goes on with it.
    func resume() {
        guard case .waiting = state else { return }
        guard channel.isOpen else { return channel.waiting.append(self) }
        if !unsplit.isEmpty {
            let rest = unsplit
            unsplit = []
            rest.withUnsafeBytes(take)
            guard unsplit.isEmpty else { return }
        }
        guard let number = reader?.number else { return }
        do throws(SystemError) {
            state = .reading(try pump.loop.register(number, for: .readable) { [unowned self] _ in _ = readOnce() })
        } catch {
            // The kernel is out of memory: the output is lost, but its program is not to wait for ever.
            return end()
        }
        if isEnding { finish() }
    }

    /// Takes what has been written up to now, and no more, however fast it is written on.
    func drain() {
        guard let number = reader?.number, case .reading = state else { return }
        var remaining: Int32 = 0
        guard ioctl(number, UInt(FIONREAD), &remaining) == 0 else { return }
        while remaining > 0 {
            let count = readOnce()
            guard count > 0, case .reading = state else { return }
            remaining -= Int32(clamping: count)
        }
    }

    /// Takes what is there, keeps a last line without newline as well, and closes.
    func finish() {
        isEnding = true
        drain()
        // One that waits ends when it goes on.
        if case .reading = state { end() }
    }

    private func hold() {
        stopReading()
        state = .waiting
        pump.sink(of: channel).wait(self)
    }

    private func stopReading() {
        if case .reading(let registration) = state { pump.loop.deregister(registration) }
    }

    /// Reads once and takes the lines; returns how many bytes there were.
    private func readOnce() -> Int {
        guard let number = reader?.number else { return 0 }
        if channel.number != nil, pump.batch(for: channel, size: LogPipe.longestText) == nil {
            hold()
            return 0
        }
        let count = Glibc.read(number, pump.buffer.baseAddress, pump.buffer.count)
        if count > 0 {
            pump.note(read: count)
            take(UnsafeRawBufferPointer(rebasing: pump.buffer[0..<count]))
            if count >= Self.busySize, !isLarge { enlarge(number) }
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            // Every writer has closed it: it would be reported as hung up for ever.
            end()
        }
        return count
    }

    private func enlarge(_ number: Int32) {
        guard pump.largePipes < LogPump.largePipesLimit else { return }
        isLarge = true
        pump.largePipes += 1
        // A refusal (pipe-user-pages-soft) leaves the pipe as it is, which is slower and nothing worse.
        _ = clinux_pipe_size(number, Int32(Self.busyCapacity))
    }

    private func end() {
        if !partial.isEmpty, channel.number != nil {
            guard var run = LogRun(channel, stream, pump: pump), run.reserve(partial.count) else {
                isEnding = true
                return hold()
            }
            partial.withUnsafeBytes { run.append($0, newline: 0) }
            run.close()
        }
        stopReading()
        state = .ended
        partial = []
        reader = nil
        if isLarge { pump.largePipes -= 1 }
        pump.ended(self)
    }

    // MARK: Lines

    /// Cuts bytes into lines; what there is no room for waits.
    private func take(_ bytes: UnsafeRawBufferPointer) {
        guard channel.number != nil else { return loseUnnumbered(bytes) }
        var taken = 0
        if var run = LogRun(channel, stream, pump: pump) {
            taken = split(bytes, into: &run)
            run.close()
        }
        guard taken < bytes.count else { return }
        unsplit = Array(bytes[taken...])
        hold()
    }

    /// Returns how many bytes were taken.
    private func split(_ bytes: UnsafeRawBufferPointer, into run: inout LogRun) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var position = 0
        while position < bytes.count {
            let rest = base + position
            let count = bytes.count - position
            let newline = memchr(rest, Int32(UInt8(ascii: "\n")), count)
            let length = newline.map { UnsafeRawPointer($0) - rest } ?? count
            let room = LogPipe.longestText - partial.count
            if newline != nil, length <= room {
                guard run.reserve(partial.count + length) else { return position }
                endLine(UnsafeRawBufferPointer(start: rest, count: length), &run)
                position += length + 1
            } else if length <= room {
                partial.append(contentsOf: UnsafeRawBufferPointer(start: rest, count: length))
                position = bytes.count
            } else {
                guard run.reserve(LogPipe.longestText) else { return position }
                partial.append(contentsOf: UnsafeRawBufferPointer(start: rest, count: room))
                partial.withUnsafeBytes { observe($0) }
                partial.withUnsafeBytes { run.appendPiece($0) }
                partial.removeAll()
                position += room
            }
        }
        return position
    }

    @inline(__always)
    private func endLine(_ line: UnsafeRawBufferPointer, _ run: inout LogRun) {
        guard !partial.isEmpty else {
            if !watches.isEmpty { observe(line) }
            return run.append(line, newline: 1)
        }
        partial.append(contentsOf: line)
        partial.withUnsafeBytes { observe($0) }
        partial.withUnsafeBytes { run.append($0, newline: 1) }
        // Where most lines are of this length, the next one needs no other memory.
        partial.removeAll(keepingCapacity: partial.capacity <= 4096)
    }

    private func observe(_ line: UnsafeRawBufferPointer) {
        guard !watches.isEmpty else { return }
        watches.removeAll { watch, pattern in
            guard pattern.matches(line) else { return false }
            pump.report(.matched(watch: watch))
            return true
        }
    }

    /// The number of the log's last line is not known because the disk does not answer: what comes is only counted.
    private func loseUnnumbered(_ bytes: UnsafeRawBufferPointer) {
        var lines = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            lines += 1
            observe(UnsafeRawBufferPointer(rebasing: line))
        }
        channel.loseUnnumbered(lines: lines - 1, bytes: bytes.count)
    }
}
