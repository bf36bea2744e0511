import ControlProtocol
import NIOCore

/// How records go over the wire.
enum StreamFormat: Sendable {
    /// WHATWG HTML, "Server-sent events": an item is a message, a gap is an event of the name `gap`.
    case serverSentEvents
    /// One JSON document a line.
    case lines

    var mediaType: String {
        switch self {
        case .serverSentEvents: "text/event-stream"
        case .lines: "application/x-ndjson"
        }
    }

    /// What says nothing but that the stream lives.
    var heartbeat: ByteBuffer {
        switch self {
        case .serverSentEvents: ByteBuffer(string: ":\n\n")
        case .lines: ByteBuffer(string: "\n")
        }
    }

    /// Appends the record, as a server-sent event with its number.
    func append<Numbering: MessageNumbering>(
        _ record: StreamRecord<Numbering.Item>, _ numbering: inout Numbering, to buffer: inout ByteBuffer
    ) {
        switch self {
        case .lines:
            buffer.writeBytes(WireFormat.bytes(of: record))
            buffer.writeString("\n")
        case .serverSentEvents:
            switch record {
            case .item(let item): numbering.writeID(of: item, to: &buffer)
            case .gap: buffer.writeString("event: gap\n")
            }
            buffer.writeString("data: ")
            buffer.writeBytes(WireFormat.bytes(of: record))
            buffer.writeString("\n\n")
        }
    }
}
