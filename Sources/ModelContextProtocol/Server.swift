/// A server of the Model Context Protocol: what it answers, whatever the transport.
///
/// It speaks both eras at once: the stateless revision, where each request carries its version in `_meta`, and the
/// handshake of the older ones. Which one a request means is told by its `_meta`, as the specification has it
/// (2026-07-28, Versioning and Compatibility).
public struct Server: Sendable {
    private let info: JSONValue
    private let instructions: String
    private let tools: [Tool]

    /// Clients may keep what does not change while the server runs: an hour, in milliseconds.
    private static let timeToLive: JSONValue = 3_600_000

    /// A server with these tools.
    ///
    /// - Parameter instructions: how to use the server, for the model.
    public init(name: String, version: String, instructions: String, tools: [Tool]) {
        self.info = ["name": .string(name), "version": .string(version)]
        self.instructions = instructions
        self.tools = tools
    }

    /// Which rules a request is served by.
    enum Era: Equatable {
        /// Stateless.
        case modern
        /// After a handshake, or in it.
        case legacy
    }

    /// The era of a request, once the metadata that it must carry is checked.
    func era(of request: Request) throws(ProtocolError) -> Era {
        guard let value = request.meta[MetaKey.protocolVersion] else {
            // `server/discover` exists in the stateless revision only, so its metadata is missing, not unknown.
            guard request.method == "server/discover" else { return .legacy }
            throw .invalidParams("_meta lacks \(MetaKey.protocolVersion)")
        }
        guard let version = value.string else { throw .invalidParams("\(MetaKey.protocolVersion) is not a string") }
        guard ProtocolVersion.modern.contains(version) else { throw .unsupportedVersion(version) }
        guard request.meta[MetaKey.clientCapabilities]?.object != nil else {
            throw .invalidParams("_meta lacks \(MetaKey.clientCapabilities)")
        }
        return .modern
    }

    /// Answers a request.
    public func reply(to request: Request) async -> Reply {
        do {
            switch try era(of: request) {
            case .modern: return .result(request.id, try await modernResult(of: request))
            case .legacy: return .result(request.id, try await legacyResult(of: request))
            }
        } catch {
            return .error(request.id, error)
        }
    }

    private func modernResult(of request: Request) async throws(ProtocolError) -> [String: JSONValue] {
        var result: [String: JSONValue]
        switch request.method {
        case "server/discover":
            result = [
                "supportedVersions": .array(ProtocolVersion.supported.map { .string($0) }),
                "capabilities": capabilities, "instructions": .string(instructions),
                "ttlMs": Self.timeToLive, "cacheScope": "public",
            ]
        case "tools/list":
            result = try toolList(request.params)
            result["ttlMs"] = Self.timeToLive
            result["cacheScope"] = "public"
        case "tools/call":
            result = try await callTool(request.params)
        default:
            throw .methodNotFound(request.method)
        }
        result["resultType"] = "complete"
        result["_meta"] = [MetaKey.serverInfo: info]
        return result
    }

    private func legacyResult(of request: Request) async throws(ProtocolError) -> [String: JSONValue] {
        switch request.method {
        case "initialize":
            guard let requested = request.params["protocolVersion"]?.string else {
                throw .invalidParams("protocolVersion is missing")
            }
            return [
                "protocolVersion": .string(ProtocolVersion.negotiate(requested)), "capabilities": capabilities,
                "serverInfo": info, "instructions": .string(instructions),
            ]
        case "ping":
            return [:]
        case "tools/list":
            return try toolList(request.params)
        case "tools/call":
            return try await callTool(request.params)
        default:
            throw .methodNotFound(request.method)
        }
    }

    /// The set of tools never changes, so there is nothing to be notified of.
    private var capabilities: JSONValue { ["tools": ["listChanged": false]] }

    private func toolList(_ params: [String: JSONValue]) throws(ProtocolError) -> [String: JSONValue] {
        // All tools fit on one page, so this server has never given out a cursor.
        guard params["cursor"] == nil else { throw .invalidParams("unknown cursor") }
        return ["tools": .array(tools.map(\.listing))]
    }

    private func callTool(_ params: [String: JSONValue]) async throws(ProtocolError) -> [String: JSONValue] {
        guard let name = params["name"]?.string else { throw .invalidParams("name is missing") }
        guard let tool = tools.first(where: { $0.name == name }) else { throw .invalidParams("unknown tool: \(name)") }
        guard let arguments = (params["arguments"] ?? [:]).object else {
            throw .invalidParams("arguments is not an object")
        }
        return await tool.call(arguments)
    }
}
