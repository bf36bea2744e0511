/// One message that is posted over streamable HTTP, and what comes back for it.
final class MCPPost {
    enum Event {
        /// The response names a session.
        case session(String)
        /// An answer of the protocol, to the request with that id; others may follow.
        case answer(MCPAnswer, id: Int?)
        /// The response ended without an answer to the message; with what it was instead.
        case ended(status: Int, words: String)
        /// There was no response that could be understood.
        case failed(String)
    }

    private let message: MCPMessage
    private var handler: ((Event) -> Void)?
    private var exchange: HTTPExchange?
    private var head = HTTPResponseHead(status: 0)
    private var events = EventStreamParser(limit: MCPLimits.message)
    private var body: [UInt8] = []

    init(
        _ message: MCPMessage, request: HTTPRequest, loop: EventLoop, handler: @escaping (Event) -> Void
    ) throws(ProbeFailure) {
        self.message = message
        self.handler = handler
        exchange = try HTTPExchange(request, loop: loop) { [self] event in handle(event) }
    }

    /// May call the handler before it returns.
    func start() { exchange?.start() }

    func cancel() {
        exchange?.cancel()
        exchange = nil
        handler = nil
    }

    private func handle(_ event: HTTPExchange.Event) {
        do throws(ProbeFailure) {
            switch event {
            case .head(let head):
                self.head = head
                if let session = head["mcp-session-id"] { handler?(.session(session)) }
            case .body(let bytes): try receive(bytes)
            case .end: end()
            case .failed(let words): throw ProbeFailure(words)
            }
        } catch {
            finish(.failed(error.words))
        }
    }

    private var isEventStream: Bool { head.mediaType == "text/event-stream" }

    private func receive(_ bytes: ArraySlice<UInt8>) throws(ProbeFailure) {
        if isEventStream {
            for event in try events.feed(bytes) where event.name == "message" { pass(on: Array(event.data.utf8)) }
        } else {
            guard body.count + bytes.count <= MCPLimits.message else {
                throw ProbeFailure("the server sent a message longer than \(MCPLimits.message >> 10) KiB")
            }
            body += bytes
        }
    }

    private func pass(on text: [UInt8]) {
        guard let json = try? JSON(parsing: text), let (id, answer) = MCPAnswer.parse(json) else { return }
        handler?(.answer(answer, id: id))
    }

    private func end() {
        // A result is one only under a status of success; an error may come with any.
        if !isEventStream, message.id != nil, let json = try? JSON(parsing: body),
            let (id, answer) = MCPAnswer.parse(json)
        {
            let isError = if case .error = answer { true } else { false }
            if isError || (200...299).contains(head.status) { handler?(.answer(answer, id: id)) }
        }
        finish(.ended(status: head.status, words: words))
    }

    private var words: String {
        guard (200...299).contains(head.status), message.id != nil else { return "HTTP status \(head.status)" }
        let type = head.mediaType.isEmpty ? "no content" : excerpt(of: head.mediaType.utf8, limit: 60)
        return "HTTP status \(head.status) with \(type) that is no answer of MCP"
    }

    private func finish(_ event: Event) {
        let handler = handler
        cancel()
        handler?(event)
    }
}
