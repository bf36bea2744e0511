/// The lines of one read of a pipe, on their way into batches.
struct LogRun: ~Copyable {
    private let pump: LogPump
    private let channel: LogChannel
    private let stream: LogStream
    private let time: WallTime
    private let format: LogFormat
    private var head = LogHead()
    private var batch: LogBatch
    private var lines = 0
    private var payload = 0

    /// Nil: there is no room, and the pipe has to wait.
    init?(_ channel: LogChannel, _ stream: LogStream, pump: LogPump) {
        // Room for most lines: what is longer asks for more when it comes.
        guard let number = channel.number, let batch = pump.batch(for: channel, size: 4096) else { return nil }
        self.pump = pump
        self.channel = channel
        self.stream = stream
        self.batch = batch
        time = .now
        format = channel.format
        head.begin(format, channel.owner, stream, number: number + 1, time: time)
    }

    /// Makes room for the record of a text of this length. False: the output has to wait.
    @inline(__always)
    mutating func reserve(_ length: Int) -> Bool {
        head.worstSize(ofText: length) <= batch.room || reserveInNext(length)
    }

    private mutating func reserveInNext(_ length: Int) -> Bool {
        close()
        guard let next = pump.batch(for: channel, size: head.worstSize(ofText: length)) else { return false }
        batch = next
        return true
    }

    /// Adds a line for which there is room; `newline` bytes more were read for it.
    @inline(__always)
    mutating func append(_ text: UnsafeRawBufferPointer, newline: Int) {
        switch format {
        case .text: batch.append(head: head.bytes, text: text, tail: head.tail)
        case .json: appendJSON(text)
        }
        head.advance()
        lines += 1
        payload += text.count + newline
    }

    private func appendJSON(_ text: UnsafeRawBufferPointer) {
        if JSONText.isPlain(text) {
            batch.append(head: head.bytes, text: text, tail: head.tail)
        } else {
            JSONText.escaped(text).withUnsafeBytes { batch.append(head: head.bytes, text: $0, tail: head.tail) }
        }
    }

    /// Adds a piece of a line that goes on.
    mutating func appendPiece(_ text: UnsafeRawBufferPointer) {
        head.begin(format, channel.owner, stream, number: head.number, time: time, continues: true)
        append(text, newline: 0)
        head.begin(format, channel.owner, stream, number: head.number, time: time)
    }

    /// Takes note of what was added. To be called at the end.
    mutating func close() {
        // Without new lines the batch may have been handed over, and is another thread's.
        guard lines > 0 else { return }
        channel.number = head.number - 1
        batch.end(lines: lines, payload: payload, last: head.number - 1)
        (lines, payload) = (0, 0)
    }
}
