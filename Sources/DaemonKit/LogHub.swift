import ControlProtocol
import ControlServer
import Glibc
import LinuxRuntime
import StackModel
import SupervisorCore

/// The logs of all replicas, and the clients that follow them.
final class LogHub {
    /// What one answer holds of the lines that there are: they are read on the loop, which has else to do.
    private static let answerLines = 10_000
    private static let answerBytes = 1 << 20

    private let pump: LogPump
    private let directory: String
    private let queue: EventQueue
    private var channels: [ReplicaID: LogChannel] = [:]
    private var followers: [Follower] = []

    var followerCount: Int { followers.count }

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
        // Where nothing is printed, clients that come and go would otherwise add up.
        followers.removeAll(where: \.feed.isFinished)
        let backlog = backlog(query.tail ?? .max, of: replicas)
        var feed: Feed<LogLine>?
        if query.follow {
            let new = Feed<LogLine>(capacity: 128 << 10)
            followers.append(Follower(services: Set(query.services), feed: new))
            feed = new
        }
        listenIfFollowed()
        return Subscription(backlog: backlog, feed: feed)
    }

    /// At most `wanted` lines of each replica. What an answer holds is shared among them: each has its part of what
    /// those before it have left.
    private func backlog(_ wanted: Int, of replicas: [(ReplicaID, LogSpec)]) -> [StreamRecord<LogLine>] {
        var lines: [LogLine] = []
        var lost: UInt64 = 0
        var bytes = Self.answerBytes
        for (index, (replica, spec)) in replicas.enumerated() {
            let sharers = replicas.count - index
            let share = min(wanted, (Self.answerLines - lines.count) / sharers)
            let tail = channel(of: replica, spec).tail(share, limit: bytes / sharers)
            bytes -= tail.byteCount
            lines += tail.records.map { LogLine($0) }
            guard tail.isCut || (tail.records.count == share && share < wanted) else { continue }
            // Where not even one fitted, at least that one is missing.
            let before = tail.records.first.map { max(1, $0.stamp.sequence) - 1 } ?? 1
            // Numbers come from files, which may say anything: the sum is kept from overflowing.
            lost = min(lost, .max / 2) + min(before, UInt64(wanted - tail.records.count))
        }
        lines.sort { ($0.time, $0.service, $0.replica, $0.sequence) < ($1.time, $1.service, $1.replica, $1.sequence) }
        let gap = StreamGap(lost: lost, unit: .lines, code: .answerTooLarge)
        return (lost > 0 ? [.gap(gap)] : []) + lines.map { .item($0) }
    }

    private func listenIfFollowed() {
        pump.onLine = followers.isEmpty ? nil : { [unowned self] in offer($0, $1) }
    }

    private func offer(_ stamp: LogStamp, _ text: Span<UInt8>) {
        var line: LogLine?
        followers.removeAll { follower in
            guard follower.services.isEmpty || follower.services.contains(stamp.service) else { return false }
            let made = line ?? LogLine(stamp, text)
            line = made
            return !follower.feed.offer(made)
        }
        if followers.isEmpty { listenIfFollowed() }
    }

    /// Ends the streams of all who follow.
    func finish() {
        for follower in followers { follower.feed.finish() }
        followers = []
        listenIfFollowed()
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
            stream: Stream(stamp.stream), sequence: stamp.sequence, text: text, continues: stamp.continues)
    }
}

extension LogLine.Stream {
    fileprivate init(_ stream: LogStream) {
        self =
            switch stream {
            case .output: .stdout
            case .error: .stderr
            case .gap: .stackd
            }
    }
}

extension Timestamp {
    init(_ time: WallTime) {
        self.init(milliseconds: time.nanoseconds / 1_000_000)
    }
}
