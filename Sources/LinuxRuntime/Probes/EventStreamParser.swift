/// Reads server-sent events from pieces of any size (WHATWG HTML, section 9.2.6), keeping at most one event.
struct EventStreamParser {
    struct Event: Hashable {
        /// `message` where the stream names none.
        var name = "message"
        var data = ""
    }

    /// The bytes of one event at the most.
    private let limit: Int
    private var line: [UInt8] = []
    private var name = ""
    private var data: [UInt8] = []
    private var hasData = false
    private var isAtStart = true
    private var lastWasReturn = false

    init(limit: Int) {
        self.limit = limit
    }

    mutating func feed(_ bytes: some Sequence<UInt8>) throws(ProbeFailure) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            switch byte {
            case 0x0A where lastWasReturn:
                lastWasReturn = false  // the second half of a CR LF
            case 0x0A, 0x0D:
                lastWasReturn = byte == 0x0D
                if let event = endLine() { events.append(event) }
            default:
                lastWasReturn = false
                line.append(byte)
                guard line.count + data.count <= limit else {
                    throw ProbeFailure("a server-sent event is longer than \(limit >> 10) KiB")
                }
            }
        }
        return events
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if isAtStart {
            isAtStart = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }  // a byte order mark
        }
        if line.isEmpty { return endEvent() }
        let colon = line.firstIndex(of: 0x3A) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == 0x20 { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event":
            name = String(decoding: value, as: UTF8.self)
        case "data":
            if hasData { data.append(0x0A) }
            data += value
            hasData = true
        default:
            break  // a comment, or `id` and `retry`, which only matter to a client that connects again
        }
        return nil
    }

    private mutating func endEvent() -> Event? {
        defer {
            name = ""
            data.removeAll(keepingCapacity: true)
            hasData = false
        }
        guard hasData else { return nil }
        return Event(name: name.isEmpty ? "message" : name, data: String(decoding: data, as: UTF8.self))
    }
}
