import Glibc

/// Reads the output of all instances on the loop, without ever waiting for any of them.
///
/// All pipes share one buffer for reading and one for writing, so an instance costs two descriptors and little more.
public final class LogPump {
    /// Called for each line of every channel. A line's handler may not drain or finish any instance's output.
    public var onLine: LogChannel.LineHandler?
    /// Called when a log begins or ceases to lose lines.
    public var onTrouble: ((LogChannel, LogChannel.Trouble) -> Void)?

    /// The longest text of a record; a longer line is cut into several.
    static let longestText = 64 * 1024
    /// How much is read from one pipe in one turn: so that a flood shares the loop with everything else.
    private static let readSize = 256 * 1024

    let loop: EventLoop
    let buffer: UnsafeMutableRawBufferPointer
    var batch = LogBatch(longestText: LogPump.longestText)
    /// Whether a pipe has both buffers in use.
    var isReading = false
    private let pipeCapacity: Int?

    /// Makes a pump. `pipeCapacity` is in bytes; nil is the kernel's own, 64 KiB. 1 MiB takes floods half again as
    /// fast.
    public init(loop: EventLoop, pipeCapacity: Int? = nil) {
        self.loop = loop
        self.pipeCapacity = pipeCapacity
        buffer = .allocate(byteCount: LogPump.readSize, alignment: 4096)
    }

    deinit {
        buffer.deallocate()
    }

    /// A replica's log, in a file whose directory exists; at `limit` bytes it is rotated, and `keep` old files are
    /// kept.
    public func channel(service: String, replica: Int, file: String, limit: Int, keep: Int) -> LogChannel {
        let file = LogFile(path: file, rotation: LogFile.Rotation(limit: max(1, limit), keep: max(0, keep)))
        return LogChannel(service: service, replica: replica, file: file, pump: self)
    }

    /// The pipes of a new instance of a replica.
    public func attach(_ channel: LogChannel) throws(SystemError) -> InstanceOutput {
        InstanceOutput(
            output: try LogPipe(channel: channel, stream: .output, capacity: pipeCapacity, pump: self),
            error: try LogPipe(channel: channel, stream: .error, capacity: pipeCapacity, pump: self),
            channel: channel)
    }
}

/// The two pipes through which one instance's output comes.
///
/// Their end is never waited for: an orphan may hold them for ever. When the main process has ended, `drain` takes what
/// is there; when the containment is empty, `finish` takes the rest and closes.
public final class InstanceOutput {
    private let output: LogPipe
    private let error: LogPipe
    private let channel: LogChannel

    fileprivate init(output: LogPipe, error: LogPipe, channel: LogChannel) {
        self.output = output
        self.error = error
        self.channel = channel
    }

    /// Lends the instance's ends for a spawn, and closes them here when it is over.
    public func withWriters<Result: ~Copyable, Failure: Error>(
        _ body: (_ output: Int32, _ error: Int32) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer {
            output.closeWriter()
            error.closeWriter()
        }
        return try body(output.writer, error.writer)
    }

    /// Takes what has been written up to now, and no more, however fast it is written on.
    public func drain() {
        output.drain()
        error.drain()
    }

    /// Takes what is there, keeps a last line without newline as well, and closes.
    public func finish() {
        output.finish()
        error.finish()
        channel.close()
    }
}
