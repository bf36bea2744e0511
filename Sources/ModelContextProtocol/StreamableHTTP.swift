public import FoundationEssentials
import Synchronization

/// An HTTP request to the endpoint, as far as the protocol looks at it.
public struct HTTPMessage: Sendable {
    /// `GET`, `POST` …
    public var method: String
    /// The header fields by their names in lower case.
    public var headers: [String: String]
    /// The whole body.
    public var body: Data

    /// A request.
    public init(method: String, headers: [String: String], body: Data) {
        self.method = method
        self.headers = headers
        self.body = body
    }
}

/// The endpoint's answer to an HTTP request.
public struct HTTPAnswer: Equatable, Sendable {
    /// The status code.
    public var status: Int
    /// The header fields.
    public var headers: [String: String] = [:]
    /// The body, often empty.
    public var body = Data()
}

/// The transport over HTTP: of the stateless revision, and with sessions of the ones before it.
///
/// Sources: Model Context Protocol 2026-07-28 and 2025-11-25, Transports, Streamable HTTP. Nothing here ever has
/// something to say of its own accord, so there is no stream to open by GET, and an answer is one JSON object unless
/// the client accepts only an event stream.
public final class StreamableHTTP: Sendable {
    private let server: Server
    private let allowedOrigins: Set<String>
    private let sessions = Mutex(SessionStore())

    /// An endpoint of a server.
    ///
    /// - Parameter allowedOrigins: the web pages (`https://example.org`) that may call it, besides those of this host.
    public init(_ server: Server, allowedOrigins: Set<String> = []) {
        self.server = server
        self.allowedOrigins = allowedOrigins
    }

    /// Answers one HTTP request.
    public func answer(_ request: HTTPMessage) async -> HTTPAnswer {
        // A page of another site must not reach a server on this host by way of its user's browser.
        if let origin = request.headers["origin"], !isAllowed(origin) {
            return HTTPAnswer(status: 403)
        }
        switch request.method {
        case "POST": return await post(request)
        case "DELETE": return delete(request)
        default: return HTTPAnswer(status: 405, headers: ["allow": "POST, DELETE"])
        }
    }

    private func isAllowed(_ origin: String) -> Bool {
        if allowedOrigins.contains(origin) { return true }
        guard let scheme = ["http://", "https://"].first(where: origin.hasPrefix) else { return false }
        let authority = origin.dropFirst(scheme.count)
        return ["localhost", "127.0.0.1", "[::1]"].contains { host in
            authority == host || authority.hasPrefix("\(host):")
        }
    }

    private func post(_ request: HTTPMessage) async -> HTTPAnswer {
        guard let form = ReplyForm(accept: request.headers["accept"]) else { return HTTPAnswer(status: 406) }
        guard Self.mediaType(request.headers["content-type"]) == "application/json" else {
            return HTTPAnswer(status: 415)
        }
        let message: Message
        do throws(Rejection) {
            message = try Message(parsing: request.body)
        } catch {
            return form.answer(.error(error.id, error.error), status: 400)
        }
        switch message {
        case .request(let call): return await reply(to: call, of: request, in: form)
        case .notification, .response: return acknowledge(request, in: form)
        }
    }

    private func reply(to call: Request, of request: HTTPMessage, in form: ReplyForm) async -> HTTPAnswer {
        let header = request.headers["mcp-protocol-version"]
        if call.meta[MetaKey.protocolVersion] != nil || header.map(ProtocolVersion.legacy.contains) == false {
            return await modernReply(to: call, of: request, in: form)
        }
        if call.method == "initialize" { return await handshake(call, in: form) }
        if let fault = sessionFault(request, in: form, id: call.id) { return fault }
        return form.answer(await server.reply(to: call), status: 200)
    }

    /// The stateless revision: its headers repeat what the body says, and its errors have a status of their own.
    private func modernReply(to call: Request, of request: HTTPMessage, in form: ReplyForm) async -> HTTPAnswer {
        let reply: Reply
        if let error = HeaderRules.fault(of: call, headers: request.headers) {
            reply = .error(call.id, error)
        } else {
            reply = await server.reply(to: call)
        }
        switch reply {
        case .result: return form.answer(reply, status: 200)
        case .error(_, let error):
            return form.answer(reply, status: error.code == ProtocolError.methodNotFoundCode ? 404 : 400)
        }
    }

    private func handshake(_ call: Request, in form: ReplyForm) async -> HTTPAnswer {
        let reply = await server.reply(to: call)
        var answer = form.answer(reply, status: 200)
        if case .result(_, let result) = reply, let version = result["protocolVersion"]?.string {
            answer.headers["mcp-session-id"] = sessions.withLock { $0.open(version: version, now: .now) }
        }
        return answer
    }

    /// What keeps a request of the older revisions from being served: no session, or one of another revision.
    private func sessionFault(_ request: HTTPMessage, in form: ReplyForm, id: RequestID?) -> HTTPAnswer? {
        func fault(_ status: Int, _ reason: String) -> HTTPAnswer {
            form.answer(.error(id, .invalidRequest(reason)), status: status)
        }
        guard let session = request.headers["mcp-session-id"] else {
            return fault(400, "Mcp-Session-Id is missing; initialize gives one")
        }
        guard let version = sessions.withLock({ $0.use(session, now: .now) }) else {
            return fault(404, "no such session")
        }
        let named = request.headers["mcp-protocol-version"] ?? version
        guard named == version else { return fault(400, "the session speaks \(version), not \(named)") }
        return nil
    }

    /// A notification, or an answer to a question that nobody asked: there is nothing to do but say so.
    private func acknowledge(_ request: HTTPMessage, in form: ReplyForm) -> HTTPAnswer {
        let accepted = HTTPAnswer(status: 202)
        guard let version = request.headers["mcp-protocol-version"], !ProtocolVersion.legacy.contains(version) else {
            return sessionFault(request, in: form, id: nil) ?? accepted
        }
        guard ProtocolVersion.modern.contains(version) else {
            return form.answer(.error(nil, .unsupportedVersion(version)), status: 400)
        }
        return accepted
    }

    private func delete(_ request: HTTPMessage) -> HTTPAnswer {
        guard let session = request.headers["mcp-session-id"] else { return HTTPAnswer(status: 400) }
        return HTTPAnswer(status: sessions.withLock { $0.close(session) } ? 204 : 404)
    }

    /// A media type without its parameters.
    static func mediaType(_ value: String?) -> String? {
        value?.split(separator: ";").first.map { $0.filter { !$0.isWhitespace }.lowercased() }
    }
}

/// How a client wants its answer.
private enum ReplyForm {
    case json
    case eventStream

    /// The form for an `Accept` field; nil where the client takes neither.
    init?(accept: String?) {
        let types = (accept ?? "*/*").split(separator: ",").compactMap { StreamableHTTP.mediaType(String($0)) }
        if types.contains(where: { ["application/json", "application/*", "*/*"].contains($0) }) {
            self = .json
        } else if types.contains(where: { ["text/event-stream", "text/*"].contains($0) }) {
            self = .eventStream
        } else {
            return nil
        }
    }

    func answer(_ reply: Reply, status: Int) -> HTTPAnswer {
        switch self {
        case .json:
            return HTTPAnswer(status: status, headers: ["content-type": "application/json"], body: reply.encoded())
        case .eventStream:
            // JSON on one line is one `data:` field.
            return HTTPAnswer(
                status: status, headers: ["content-type": "text/event-stream", "cache-control": "no-store"],
                body: Data("event: message\ndata: ".utf8) + reply.encoded() + Data("\n\n".utf8))
        }
    }
}
