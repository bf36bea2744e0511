import NIOCore

/// One message of a `text/event-stream`.
struct EventStreamMessage: Hashable, Sendable {
    var id: String?
    var name: String?
    var data: ByteBuffer
}

/// Cuts a `text/event-stream` into its messages.
///
/// Source: WHATWG HTML, "Server-sent events", section "Parsing an event stream".
struct EventStreamParser {
    struct LineTooLong: Error {}

    /// More than any document of the control API takes.
    static let lineLimit = 1 << 20

    private var partial = ByteBuffer()
    private var id: String?
    private var name: String?
    private var data: ByteBuffer?

    /// Takes in what came and gives the messages that it completes.
    mutating func feed(_ bytes: ByteBuffer) throws(LineTooLong) -> [EventStreamMessage] {
        partial.writeImmutableBuffer(bytes)
        var messages: [EventStreamMessage] = []
        while let end = partial.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
            var line = partial.readSlice(length: end - partial.readerIndex)
        {
            partial.moveReaderIndex(forwardBy: 1)
            if line.readableBytesView.last == UInt8(ascii: "\r") { line.moveWriterIndex(to: line.writerIndex - 1) }
            if let message = take(line) { messages.append(message) }
        }
        guard partial.readableBytes <= Self.lineLimit else { throw LineTooLong() }
        partial.discardReadBytes()
        return messages
    }

    /// An empty line ends a message; one without data is none.
    private mutating func take(_ line: ByteBuffer) -> EventStreamMessage? {
        guard line.readableBytes > 0 else {
            defer { (id, name, data) = (nil, nil, nil) }
            return data.map { EventStreamMessage(id: id, name: name, data: $0) }
        }
        var value = line
        let field: String
        if let colon = line.readableBytesView.firstIndex(of: UInt8(ascii: ":")) {
            field = value.readString(length: colon - line.readerIndex) ?? ""
            value.moveReaderIndex(forwardBy: 1)
            if value.readableBytesView.first == UInt8(ascii: " ") { value.moveReaderIndex(forwardBy: 1) }
        } else {
            field = value.readString(length: line.readableBytes) ?? ""
        }
        switch field {
        case "id": id = String(buffer: value)
        case "event": name = String(buffer: value)
        case "data": append(value)
        default: break  // comments, and fields that have no meaning here
        }
        return nil
    }

    private mutating func append(_ line: ByteBuffer) {
        guard data != nil else {
            data = line
            return
        }
        data?.writeInteger(UInt8(ascii: "\n"))
        data?.writeImmutableBuffer(line)
    }
}
