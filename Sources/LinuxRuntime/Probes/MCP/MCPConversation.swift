/// A message of the client, and what a transport must know of it to carry it.
struct MCPMessage: Hashable {
    /// By which the answer is recognised; nil for a notification, which has none.
    var id: Int?
    var method: String
    /// JSON, an object.
    var params: String
    /// The protocol version that it is written in; nil for `initialize`, which is about to find that out.
    var version: String?
    /// Whether it is of the stateless protocol, whose requests stand each for itself.
    var isStateless: Bool

    /// The message as JSON-RPC, in one line.
    var text: String {
        let identifier = id.map { "\"id\":\($0)," } ?? ""
        return "{\"jsonrpc\":\"2.0\",\(identifier)\"method\":\(JSON.quoted(method)),\"params\":\(params)}"
    }
}

/// What came back for a request.
enum MCPAnswer: Hashable {
    case result(JSON)
    case error(code: Int, message: String, data: JSON)
    /// No answer of the protocol, but something of the transport's, in words: `HTTP status 404`.
    case refused(String)

    /// A JSON-RPC response with its id; nil for whatever else a server may send: notifications, and requests, which a
    /// client without capabilities need not answer.
    static func parse(_ message: JSON) -> (id: Int?, answer: MCPAnswer)? {
        guard message["method"] == nil else { return nil }
        let id = message["id"]?.integer
        if let error = message["error"] {
            let text = error["message"]?.string ?? ""
            return (id, .error(code: error["code"]?.integer ?? 0, message: text, data: error["data"] ?? .null))
        }
        guard let id, let result = message["result"] else { return nil }
        return (id, .result(result))
    }

    fileprivate var words: String {
        switch self {
        case .result: "a result that is not understood"
        case .error(let code, let message, _): "error \(code): \(excerpt(of: message.utf8))"
        case .refused(let words): words
        }
    }
}

/// The client's half of an MCP health check: what to say next, whatever carries the messages.
///
/// It asks `server/discover` of the stateless protocol first. Whatever is not the answer of a server that speaks it
/// means that the server is older, and is asked to `initialize`: so the specification of 2026-07-28 has it under
/// "Backward Compatibility", which forbids to conclude that from particular error codes.
struct MCPConversation {
    /// What to send, in this order, and the outcome if that is all.
    struct Step: Hashable {
        var messages: [MCPMessage] = []
        var result: ProbeResult?

        static let wait = Step()

        fileprivate static func failed(_ words: String) -> Step { Step(result: .failed(words)) }
    }

    /// The versions that this client speaks, the newest first.
    static let statelessVersion = "2026-07-28"
    static let sessionVersions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]

    private static let discoverID = 1
    private static let initializeID = 2
    private static let firstListID = 3
    private static let pageLimit = 64
    private static let unsupportedVersion = -32022
    private static let client = #"{"name":"stackd","version":"1"}"#

    private enum State {
        /// `server/discover` waits for its answer.
        case discovering
        /// `initialize` waits for its answer. `discover`: the earlier request may still be answered, and then counts.
        case initializing(discover: Bool)
        /// A page of `tools/list` waits for its answer.
        case listing(Dialect, page: Int, seen: [String])
        case over
    }

    /// How requests are written once the server's version is known.
    private enum Dialect: Hashable {
        case stateless
        case session(version: String)
    }

    /// The names of the tools that the server must have.
    private let tools: [String]
    private var state: State

    /// - Parameter asksToInitialize: begin with `initialize`, for a server that is known to be of the older kind.
    init(tools: [String], asksToInitialize: Bool = false) {
        self.tools = tools
        state = asksToInitialize ? .initializing(discover: false) : .discovering
    }

    /// The first message.
    var opening: MCPMessage {
        switch state {
        case .discovering: request("server/discover", id: Self.discoverID, in: .stateless)
        case .initializing, .listing, .over: initialize
        }
    }

    /// Whether nothing but `server/discover` was said, and it was not answered.
    var isDiscovering: Bool {
        if case .discovering = state { true } else { false }
    }

    /// The server is silent, as some older ones are when asked what they do not know.
    mutating func stopWaitingForDiscovery() -> Step {
        guard case .discovering = state else { return .wait }
        state = .initializing(discover: true)
        return Step(messages: [initialize])
    }

    /// Takes the answer to the request with that id in; a nil id is an error that names none.
    mutating func receive(_ answer: MCPAnswer, to id: Int?) -> Step {
        switch (state, id) {
        case (.discovering, Self.discoverID), (.discovering, nil):
            return discovered(answer, mayInitialize: true)
        case (.initializing(discover: true), Self.discoverID):
            return discovered(answer, mayInitialize: false)
        case (.initializing, Self.initializeID), (.initializing(discover: false), nil):
            return initialized(answer)
        case (.listing(let dialect, let page, let seen), _) where id == nil || id == Self.firstListID + page:
            return listed(answer, dialect, page, seen)
        case (.discovering, _), (.initializing, _), (.listing, _), (.over, _):
            return .wait
        }
    }

    // MARK: Answers

    private mutating func discovered(_ answer: MCPAnswer, mayInitialize: Bool) -> Step {
        var fallback: Step {
            guard mayInitialize else { return .wait }
            state = .initializing(discover: false)
            return Step(messages: [initialize])
        }
        switch answer {
        case .result(let result):
            let versions = Self.strings(result["supportedVersions"])
            return versions.contains(Self.statelessVersion) ? established(.stateless) : fallback
        case .error(code: Self.unsupportedVersion, _, let data):
            let versions = Self.strings(data["supported"])
            // A server that names versions, none of which this client speaks, would refuse `initialize` as well.
            if versions.isEmpty || versions.contains(where: Self.sessionVersions.contains) { return fallback }
            state = .over
            return .failed("the server speaks only protocol versions \(Self.list(versions))")
        case .error, .refused:
            return fallback
        }
    }

    private mutating func initialized(_ answer: MCPAnswer) -> Step {
        guard case .result(let result) = answer, let version = result["protocolVersion"]?.string else {
            state = .over
            return .failed("initialize: \(answer.words)")
        }
        guard Self.sessionVersions.contains(version) else {
            state = .over
            return .failed("the server speaks only protocol version \(Self.list([version]))")
        }
        let dialect = Dialect.session(version: version)
        let notification = MCPMessage(
            method: "notifications/initialized", params: "{}", version: version, isStateless: false)
        var step = established(dialect)
        step.messages.insert(notification, at: 0)
        return step
    }

    private mutating func established(_ dialect: Dialect) -> Step {
        if tools.isEmpty {
            state = .over
            return Step(result: .passed)
        }
        state = .listing(dialect, page: 0, seen: [])
        return Step(messages: [request("tools/list", id: Self.firstListID, in: dialect)])
    }

    private mutating func listed(_ answer: MCPAnswer, _ dialect: Dialect, _ page: Int, _ earlier: [String]) -> Step {
        guard case .result(let result) = answer, let tools = result["tools"]?.array else {
            state = .over
            return .failed("tools/list: \(answer.words)")
        }
        let seen = earlier + tools.compactMap { $0["name"]?.string }
        let missing = self.tools.filter { !seen.contains($0) }
        if missing.isEmpty {
            state = .over
            return Step(result: .passed)
        }
        if let cursor = result["nextCursor"]?.string, page + 1 < Self.pageLimit {
            state = .listing(dialect, page: page + 1, seen: seen)
            let id = Self.firstListID + page + 1
            return Step(messages: [request("tools/list", id: id, cursor: cursor, in: dialect)])
        }
        state = .over
        let others = seen.isEmpty ? "it has none" : "it has \(Self.list(seen))"
        return .failed("the server lacks the tool\(missing.count == 1 ? "" : "s") \(Self.list(missing)); \(others)")
    }

    // MARK: Requests

    private var initialize: MCPMessage {
        let params =
            #"{"protocolVersion":"\#(Self.sessionVersions[0])","capabilities":{},"clientInfo":\#(Self.client)}"#
        return MCPMessage(id: Self.initializeID, method: "initialize", params: params, isStateless: false)
    }

    private func request(_ method: String, id: Int, cursor: String? = nil, in dialect: Dialect) -> MCPMessage {
        var members: [String] = []
        if let cursor { members.append("\"cursor\":\(JSON.quoted(cursor))") }
        switch dialect {
        case .stateless:
            let key = "io.modelcontextprotocol"
            members.append(
                "\"_meta\":{\"\(key)/protocolVersion\":\"\(Self.statelessVersion)\","
                    + "\"\(key)/clientInfo\":\(Self.client),\"\(key)/clientCapabilities\":{}}")
            return MCPMessage(
                id: id, method: method, params: "{\(members.joined(separator: ","))}", version: Self.statelessVersion,
                isStateless: true)
        case .session(let version):
            return MCPMessage(
                id: id, method: method, params: "{\(members.joined(separator: ","))}", version: version,
                isStateless: false)
        }
    }

    private static func strings(_ value: JSON?) -> [String] { value?.array?.compactMap(\.string) ?? [] }

    /// Names that a server chose, as a sentence shows them.
    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(8).map { excerpt(of: $0.utf8, limit: 64) }.joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }
}
