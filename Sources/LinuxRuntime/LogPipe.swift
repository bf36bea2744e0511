import Glibc

/// One pipe of an instance, cut into lines.
final class LogPipe {
    private let channel: LogChannel
    private let stream: LogStream
    private unowned let pump: LogPump
    private var reader: Descriptor?
    private var writerEnd: Descriptor?
    private var registration: EventLoop.Registration?
    /// The beginning of a line whose end has not come yet. No memory is kept while there is none.
    private var partial: [UInt8] = []

    init(channel: LogChannel, stream: LogStream, capacity: Int?, pump: LogPump) throws(SystemError) {
        self.channel = channel
        self.stream = stream
        self.pump = pump
        let pipe = try Pipe(capacity: capacity)
        let number = pipe.reader.number
        reader = .some(pipe.reader)
        writerEnd = .some(pipe.writer)
        registration = try pump.loop.register(number, for: .readable) { [unowned self] _ in _ = readOnce() }
    }

    deinit {
        if let registration { pump.loop.deregister(registration) }
    }

    /// The instance's end; -1 once it is closed here.
    var writer: Int32 { writerEnd?.number ?? -1 }

    func closeWriter() {
        writerEnd = nil
    }

    func drain() {
        guard let number = reader?.number else { return }
        var remaining: Int32 = 0
        guard ioctl(number, UInt(FIONREAD), &remaining) == 0 else { return }
        while remaining > 0 {
            let count = readOnce()
            guard count > 0 else { return }
            remaining -= Int32(count)
        }
    }

    func finish() {
        closeWriter()
        drain()
        end()
    }

    /// Reads once and takes the lines; returns how many bytes there were.
    private func readOnce() -> Int {
        guard let number = reader?.number else { return 0 }
        precondition(!pump.isReading, "a line's handler may not drain or finish an instance's output")
        pump.isReading = true
        defer { pump.isReading = false }
        let count = Glibc.read(number, pump.buffer.baseAddress, pump.buffer.count)
        if count > 0 {
            split(UnsafeRawBufferPointer(rebasing: pump.buffer[0..<count]))
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            // Every writer has closed it: it would be reported as hung up for ever.
            end()
        }
        return count
    }

    private func end() {
        guard reader != nil else { return }
        if let registration { pump.loop.deregister(registration) }
        registration = nil
        reader = nil
        let time = WallTime.now
        emitPartial(time, prefix(time, continues: false), continues: false)
        channel.flush()
    }

    // MARK: Lines

    private func split(_ bytes: UnsafeRawBufferPointer) {
        let time = WallTime.now
        let prefix = prefix(time, continues: false)
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            guard let newline = memchr(base, Int32(UInt8(ascii: "\n")), rest.count) else { break }
            let length = base.distance(to: newline)
            takeLine(UnsafeRawBufferPointer(rebasing: rest[..<length]), time, prefix)
            rest = UnsafeRawBufferPointer(rebasing: rest[(length + 1)...])
        }
        keep(rest, time)
        channel.flush()
    }

    private func takeLine(_ line: UnsafeRawBufferPointer, _ time: WallTime, _ prefix: [UInt8]) {
        if partial.isEmpty, line.count <= LogPump.longestText {
            channel.take(line, stream: stream, time: time, prefix: prefix, continues: false)
        } else {
            keep(line, time)
            emitPartial(time, prefix, continues: false, evenIfEmpty: true)
        }
    }

    /// Keeps the beginning of a line, and lets go of full pieces of it.
    private func keep(_ bytes: UnsafeRawBufferPointer, _ time: WallTime) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if partial.count == LogPump.longestText {
                emitPartial(time, prefix(time, continues: true), continues: true)
            }
            let piece = rest.prefix(LogPump.longestText - partial.count)
            partial.append(contentsOf: piece)
            rest = rest.dropFirst(piece.count)
        }
    }

    private func emitPartial(_ time: WallTime, _ prefix: [UInt8], continues: Bool, evenIfEmpty: Bool = false) {
        guard evenIfEmpty || !partial.isEmpty else { return }
        partial.withUnsafeBytes { bytes in
            channel.take(bytes, stream: stream, time: time, prefix: prefix, continues: continues)
        }
        partial = []
    }

    private func prefix(_ time: WallTime, continues: Bool) -> [UInt8] {
        let label = " \(channel.service)/\(channel.replica) \(stream.rawValue)\(continues ? "+" : "") "
        var prefix: [UInt8] = []
        prefix.reserveCapacity(WallTime.textLength + label.utf8.count)
        prefix.append(contentsOf: repeatElement(0, count: WallTime.textLength))
        prefix.withUnsafeMutableBytes { time.write(to: $0) }
        prefix.append(contentsOf: label.utf8)
        return prefix
    }
}
