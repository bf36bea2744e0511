import ControlProtocol
import FoundationEssentials
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

    /// Appends the record; `id` is what a client that comes back says it has seen last.
    func append<Item>(
        _ record: StreamRecord<Item>, id: (Item) -> String?, to buffer: inout ByteBuffer
    ) throws {
        let document = try WireFormat.encode(record)
        switch self {
        case .lines:
            buffer.writeBytes(document)
            buffer.writeString("\n")
        case .serverSentEvents:
            switch record {
            case .item(let item): if let id = id(item) { buffer.writeString("id: \(id)\n") }
            case .gap: buffer.writeString("event: gap\n")
            }
            buffer.writeString("data: ")
            buffer.writeBytes(document)
            buffer.writeString("\n\n")
        }
    }
}
