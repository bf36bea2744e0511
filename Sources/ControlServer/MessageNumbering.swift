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

/// An event has a number of its own.
struct EventNumbers: MessageNumbering {
    mutating func writeID(of item: EventDocument, to buffer: inout ByteBuffer) {
        buffer.writeString("id: \(item.id)\n")
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
