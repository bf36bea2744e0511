import ControlProtocol
import NIOCore

/// Gives the messages of a stream their ids: what a client that comes back says it has seen last.
protocol MessageNumbering<Item>: Sendable {
    associatedtype Item: FeedItem

    /// Writes the line `id: …` of the message that carries the item, where it has one.
    mutating func writeID(of item: Item, to buffer: inout ByteBuffer)
}

/// A stream to which nobody comes back.
struct NoNumbers<Item: FeedItem>: MessageNumbering {
    mutating func writeID(of item: Item, to buffer: inout ByteBuffer) {}
}

/// An event has a number of its own, of the run of the daemon that gave it: each begins with 1.
struct EventNumbers: MessageNumbering {
    let run: Int64

    mutating func writeID(of item: EventDocument, to buffer: inout ByteBuffer) {
        buffer.writeString("id: \(EventPosition(run: run, number: item.id))\n")
    }
}

/// The id of a message of `/v1/events`, `RUN-NUMBER`, or the number of an event alone.
struct EventPosition: LosslessStringConvertible {
    /// Nil where it does not say.
    var run: Int64?
    var number: UInt64

    init(run: Int64?, number: UInt64) {
        self.run = run
        self.number = number
    }

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let last = parts.last, let number = UInt64(last) else { return nil }
        self.number = number
        if parts.count == 2 {
            guard let run = Int64(parts[0]) else { return nil }
            self.run = run
        }
    }

    var description: String { (run.map { "\($0)-" } ?? "") + "\(number)" }

    /// Where a client goes on that has seen it last: what another run's number says is of no use to this one.
    func start(in run: Int64) -> EventQuery.Start {
        .after(self.run == nil || self.run == run ? number : .max)
    }
}

/// A line's id is the position in the logs of all replicas that have been seen (`LogPosition`).
///
/// A position is written with every line, and lines come by the million: so what does not change of it is kept as it is
/// written, and nothing is sorted or looked up by hash.
struct LogPositions: MessageNumbering {
    private struct Replica {
        var service: String
        var index: Int
        /// `backend/0=`
        var prefix: String
        var number: UInt64
    }

    private var replicas: [Replica]
    /// The replica of the last line, which is often that of the next.
    private var latest = 0

    init(after position: LogPosition?) {
        replicas = (position?.numbers ?? [:]).sorted { $0.key < $1.key }.map {
            Replica(
                service: $0.key.service, index: $0.key.index, prefix: "\($0.key.service)/\($0.key.index)=",
                number: $0.value)
        }
    }

    mutating func writeID(of item: LogLine, to buffer: inout ByteBuffer) {
        advance(over: item)
        buffer.writeString("id: ")
        for (place, replica) in replicas.enumerated() {
            if place > 0 { buffer.writeString(",") }
            buffer.writeString(replica.prefix)
            buffer.writeString(String(replica.number))
        }
        buffer.writeString("\n")
    }

    private mutating func advance(over line: LogLine) {
        func isOfLine(_ replica: Replica) -> Bool { replica.index == line.replica && replica.service == line.service }
        if latest >= replicas.count || !isOfLine(replicas[latest]) {
            if let known = replicas.firstIndex(where: isOfLine) {
                latest = known
            } else {
                latest = replicas.count
                replicas.append(
                    Replica(
                        service: line.service, index: line.replica, prefix: "\(line.service)/\(line.replica)=",
                        number: 0))
            }
        }
        replicas[latest].number = line.sequence
    }
}
