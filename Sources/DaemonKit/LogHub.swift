import ControlProtocol
import ControlServer
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// The logs of all replicas, and the clients that follow them.
final class LogHub {
    /// How many of a replica's latest lines are given where no number is asked for.
    private static let longestTail = 10_000

    private let pump: LogPump
    private let directory: String
    private let queue: EventQueue
    private var channels: [ReplicaID: LogChannel] = [:]
    private var followers: [Follower] = []

    private struct Follower {
        var services: Set<String>
        var feed: Feed<LogLine>
    }

    init(loop: EventLoop, directory: String, queue: EventQueue) {
        pump = LogPump(loop: loop)
        self.directory = directory
        self.queue = queue
        pump.onTrouble = { [unowned self] in report($1, of: $0) }
    }

    /// The log of a replica, in `SERVICE-INDEX.log`.
    func channel(of replica: ReplicaID, _ spec: LogSpec) -> LogChannel {
        if let channel = channels[replica] { return channel }
        let channel = pump.channel(
            service: replica.service.text, replica: replica.index,
            file: "\(directory)/\(replica.service)-\(replica.index).log", limit: Int(spec.maximumSize.bytes),
            keep: spec.maximumFiles - 1)
        channels[replica] = channel
        return channel
    }

    /// The pipes of a new instance.
    func attach(_ replica: ReplicaID, _ spec: LogSpec) throws(SystemError) -> InstanceOutput {
        try pump.attach(channel(of: replica, spec))
    }

    private func report(_ trouble: LogChannel.Trouble, of channel: LogChannel) {
        guard let service = ServiceName(channel.service) else { return }
        let subject = Subject.replica(ReplicaID(service: service, index: channel.replica))
        switch trouble {
        case .dropping(let error):
            queue.post(.observed(subject, .outputDropping(why: error.description)))
        case .resumed(let lines, let bytes):
            queue.post(.observed(subject, .outputResumed(droppedLines: lines, droppedBytes: bytes)))
        case .notRotated(let error):
            queue.post(.observed(subject, .degraded("its log cannot be rotated and grows on: \(error)")))
        }
    }

    // MARK: Following

    /// The latest lines of the replicas by their times and, where that is asked for, a feed of what follows.
    func subscribe(_ query: LogQuery, to replicas: [(ReplicaID, LogSpec)]) -> Subscription<LogLine> {
        var lines: [LogLine] = []
        for (replica, spec) in replicas {
            lines += channel(of: replica, spec).tail(query.tail ?? Self.longestTail).map { LogLine($0) }
        }
        lines.sort { ($0.time, $0.service, $0.replica, $0.sequence) < ($1.time, $1.service, $1.replica, $1.sequence) }
        var feed: Feed<LogLine>?
        if query.follow {
            let new = Feed<LogLine>(capacity: 128 << 10)
            followers.append(Follower(services: Set(query.services), feed: new))
            pump.onLine = { [unowned self] in offer($0, $1) }
            feed = new
        }
        return Subscription(backlog: lines.map { .item($0) }, feed: feed)
    }

    private func offer(_ stamp: LogStamp, _ text: Span<UInt8>) {
        var line: LogLine?
        followers.removeAll { follower in
            guard follower.services.isEmpty || follower.services.contains(stamp.service) else { return false }
            let made = line ?? LogLine(stamp, text)
            line = made
            return !follower.feed.offer(made)
        }
        if followers.isEmpty { pump.onLine = nil }
    }

    /// Ends the streams of all who follow.
    func finish() {
        for follower in followers { follower.feed.finish() }
        followers = []
        pump.onLine = nil
    }
}

extension LogLine {
    fileprivate init(_ record: LogRecord) {
        self.init(record.stamp, text: record.text)
    }

    fileprivate init(_ stamp: LogStamp, _ text: Span<UInt8>) {
        self.init(stamp, text: text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }

    private init(_ stamp: LogStamp, text: String) {
        self.init(
            time: Timestamp(stamp.time), service: stamp.service, replica: stamp.replica,
            stream: stamp.stream == .output ? .stdout : .stderr, sequence: stamp.sequence, text: text)
    }
}

extension Timestamp {
    init(_ time: WallTime) {
        self.init(milliseconds: time.nanoseconds / 1_000_000)
    }
}
