/// One run of an `mcp` probe over HTTP: the streamable transport, or the older one, where the answers to all requests
/// come as server-sent events on one response that never ends.
final class MCPHTTPProbeRun: RunningProbe {
    struct Endpoint {
        var host: String
        var port: UInt16
        var path: String
    }

    /// How messages reach the server.
    private enum Channel {
        /// Each request is answered by the response to its POST.
        case streamable
        /// The stream of the older transport is being opened; the message goes out when that has named a path.
        case opening(HTTPExchange, first: MCPMessage)
        case events(HTTPExchange, path: String)
    }

    private enum State {
        case talking
        /// The outcome is known; the sessions are being closed.
        case leaving(EventLoop.Timer)
        case ended
    }

    private let endpoint: Endpoint
    private let loop: EventLoop
    private let report: (ProbeResult) -> Void
    private var conversation: MCPConversation
    private var state = State.talking
    private var channel = Channel.streamable
    private var queue: [MCPMessage] = []
    private var result: ProbeResult?
    /// The message that is not answered yet, and the exchange that carries it.
    private var current: MCPMessage?
    private var exchange: MCPPost?
    /// The session that `initialize` opened.
    private var session: String?
    /// The version that the server chose for it.
    private var sessionVersion: String?
    /// Every session that the server opened, also those that it opens for requests which it then refuses.
    private var openSessions: Set<String> = []
    private var farewells: [HTTPExchange] = []

    init(_ endpoint: Endpoint, wantedTools: [String], loop: EventLoop, report: @escaping (ProbeResult) -> Void) {
        self.endpoint = endpoint
        self.loop = loop
        self.report = report
        conversation = MCPConversation(tools: wantedTools)
    }

    func start() {
        carryOut(MCPConversation.Step(messages: [conversation.opening]))
    }

    func cancel() {
        switch state {
        case .talking: leave()
        case .leaving: end()
        case .ended: break
        }
    }

    // MARK: Conversation

    private func carryOut(_ step: MCPConversation.Step) {
        queue += step.messages
        if let result = step.result { self.result = result }
        sendNext()
    }

    private func sendNext() {
        guard case .talking = state, current == nil else { return }
        if queue.isEmpty {
            if let result { finish(result) }
            return
        }
        let message = queue.removeFirst()
        current = message
        post(message)
    }

    private func answered(_ answer: MCPAnswer, to id: Int?) {
        // An error without id is about the request that is under way.
        guard case .talking = state, let message = current, let expected = message.id, id == nil || id == expected
        else {
            return
        }
        current = nil
        exchange?.cancel()
        exchange = nil
        carryOut(conversation.receive(answer, to: expected))
    }

    private func finish(_ result: ProbeResult) {
        leave()
        report(result)
    }

    // MARK: Requests

    private func post(_ message: MCPMessage) {
        var path = endpoint.path
        if case .events(_, let named) = channel { path = named }
        if let version = message.version, !message.isStateless { sessionVersion = version }
        do throws(ProbeFailure) {
            let exchange = try MCPPost(message, request: request(message, path: path), loop: loop) { [self] event in
                handle(event, of: message)
            }
            self.exchange = exchange
            exchange.start()
        } catch {
            finish(.failed(error.words))
        }
    }

    private func request(_ message: MCPMessage, path: String) -> HTTPRequest {
        var request = HTTPRequest(method: "POST", host: endpoint.host, port: endpoint.port, target: path)
        request.fields = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]
        if let version = message.version { request.fields.append(("MCP-Protocol-Version", version)) }
        if message.isStateless { request.fields.append(("Mcp-Method", message.method)) }
        if let session { request.fields.append(("Mcp-Session-Id", session)) }
        request.body = message.text
        return request
    }

    private func handle(_ event: MCPPost.Event, of message: MCPMessage) {
        switch event {
        case .session(let id):
            openSessions.insert(id)
            if message.method == "initialize" { session = id }
        case .answer(let answer, let id):
            answered(answer, to: id)
        case .ended(let status, let words):
            exchange = nil
            ended(message, status: status, words: words)
        case .failed(let words):
            finish(.failed(words))
        }
    }

    /// The response is over and held no answer.
    private func ended(_ message: MCPMessage, status: Int, words: String) {
        let isAccepted = (200...299).contains(status)
        switch channel {
        case .events where isAccepted && message.id != nil:
            return  // its answer comes by the stream
        case .streamable where message.method == "initialize" && [400, 404, 405].contains(status):
            return openEvents(first: message)
        case .events, .streamable, .opening:
            break
        }
        if message.id != nil { return answered(.refused(words), to: message.id) }
        guard isAccepted else { return finish(.failed("\(message.method): \(words)")) }
        current = nil
        sendNext()
    }

    // MARK: The older transport

    private func openEvents(first message: MCPMessage) {
        var request = HTTPRequest(host: endpoint.host, port: endpoint.port, target: endpoint.path)
        request.fields = [("Accept", "text/event-stream")]
        var parser = EventStreamParser(limit: MCPLimits.message)
        do throws(ProbeFailure) {
            let stream = try HTTPExchange(request, loop: loop) { [self] event in
                do throws(ProbeFailure) {
                    switch event {
                    case .head(let head):
                        guard head.status == 200, head.mediaType == "text/event-stream" else {
                            throw ProbeFailure("neither POST nor GET gives an MCP endpoint: HTTP status \(head.status)")
                        }
                    case .body(let bytes):
                        for event in try parser.feed(bytes) { received(event) }
                    case .end: throw ProbeFailure("the server closed the event stream")
                    case .failed(let words): throw ProbeFailure(words)
                    }
                } catch {
                    if case .talking = state { finish(.failed(error.words)) }
                }
            }
            channel = .opening(stream, first: message)
            stream.start()
        } catch {
            finish(.failed(error.words))
        }
    }

    private func received(_ event: EventStreamParser.Event) {
        switch channel {
        case .opening(let stream, let first) where event.name == "endpoint":
            channel = .events(stream, path: Self.path(named: event.data, from: endpoint.path))
            post(first)
        case .events where event.name == "message":
            guard let json = try? JSON(parsing: event.data.utf8), let (id, answer) = MCPAnswer.parse(json) else {
                return
            }
            answered(answer, to: id)
        case .opening, .events, .streamable:
            break
        }
    }

    /// The path and query of a URI reference (RFC 3986). Its host is not looked at: a probe talks to the host and port
    /// of its check, whatever a server says.
    static func path(named reference: String, from base: String) -> String {
        for scheme in ["http://", "https://", "//"] where reference.hasPrefix(scheme) {
            let rest = reference.dropFirst(scheme.count).drop { $0 != "/" && $0 != "?" }
            return rest.hasPrefix("/") ? String(rest) : "/\(rest)"
        }
        if reference.hasPrefix("/") { return reference }
        let directory = base.prefix { $0 != "?" }
        guard let last = directory.lastIndex(of: "/") else { return "/\(reference)" }
        return directory[...last] + reference
    }

    // MARK: The end

    /// Ends all exchanges, closes the sessions, and keeps itself alive until that is done or has taken too long.
    private func leave() {
        exchange?.cancel()
        exchange = nil
        switch channel {
        case .streamable: break
        case .opening(let stream, _), .events(let stream, _): stream.cancel()
        }
        channel = .streamable
        state = .leaving(loop.schedule(after: MCPLimits.farewell) { [self] in end() })
        farewells = openSessions.sorted().compactMap { close(session: $0) }
        if farewells.isEmpty { return end() }
        // A start may fail at once and take its exchange off the list.
        for farewell in farewells { farewell.start() }
    }

    private func close(session id: String) -> HTTPExchange? {
        var request = HTTPRequest(
            method: "DELETE", host: endpoint.host, port: endpoint.port, target: endpoint.path)
        request.fields = [("Mcp-Session-Id", id)]
        if let sessionVersion { request.fields.append(("MCP-Protocol-Version", sessionVersion)) }
        var farewell: HTTPExchange?
        farewell = try? HTTPExchange(request, loop: loop) { [self] event in
            switch event {
            case .head, .body: break
            case .end, .failed:
                farewells.removeAll { $0 === farewell }
                farewell = nil
                if farewells.isEmpty { end() }
            }
        }
        return farewell
    }

    private func end() {
        if case .leaving(let timer) = state { loop.cancel(timer) }
        state = .ended
        for farewell in farewells { farewell.cancel() }
        farewells = []
    }
}
