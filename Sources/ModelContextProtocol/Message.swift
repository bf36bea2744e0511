public import FoundationEssentials

/// The identifier by which a client matches an answer to its request: a string or a whole number.
public enum RequestID: Hashable, Sendable {
    case string(String)
    case integer(Int)

    init?(_ value: JSONValue?) {
        switch value {
        case .string(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        case .null, .bool, .number, .array, .object, nil: return nil
        }
    }

    var json: JSONValue {
        switch self {
        case .string(let text): .string(text)
        case .integer(let number): .integer(number)
        }
    }
}

/// A request, which is owed an answer.
public struct Request: Equatable, Sendable {
    /// What its answer carries, too.
    public var id: RequestID
    /// The method's name.
    public var method: String
    /// The method's parameters.
    public var params: [String: JSONValue]

    /// The metadata that the client attached.
    var meta: [String: JSONValue] { params["_meta"]?.object ?? [:] }
}

/// A message from a client: one JSON-RPC 2.0 object.
public enum Message: Equatable, Sendable {
    /// Wants an answer.
    case request(Request)
    /// Wants none.
    case notification(method: String, params: [String: JSONValue])
    /// Answers a request of the server's; this server sends none, so nobody waits for it.
    case response

    /// Reads one message.
    ///
    /// - Throws: ``Rejection`` with `parseError` or `invalidRequest`, and the identifier where it could be read.
    public init(parsing bytes: Data) throws(Rejection) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw Rejection(id: nil, error: .parseError)
        }
        guard let members = value.object else {
            // Batches were part of one revision only (2025-03-26) and the transports of all others forbid them.
            throw Rejection(id: nil, error: .invalidRequest("a message is a single JSON object"))
        }
        let id = RequestID(members["id"])
        func reject(_ reason: String) -> Rejection { Rejection(id: id, error: .invalidRequest(reason)) }
        guard members["jsonrpc"]?.string == "2.0" else { throw reject("jsonrpc is not \"2.0\"") }
        guard let methodValue = members["method"] else {
            guard id != nil, members["result"] != nil || members["error"] != nil else { throw reject("no method") }
            self = .response
            return
        }
        guard let method = methodValue.string else { throw reject("method is not a string") }
        guard let params = (members["params"] ?? [:]).object else { throw reject("params is not an object") }
        if members["id"] == nil {
            self = .notification(method: method, params: params)
        } else {
            guard let id else { throw reject("id is neither a string nor a whole number") }
            self = .request(Request(id: id, method: method, params: params))
        }
    }
}

/// A message that can not be served at all, and the request that it was, where that much is known.
public struct Rejection: Error, Equatable {
    /// The request's identifier.
    public var id: RequestID?
    /// What the client is told.
    public var error: ProtocolError
}

/// A JSON-RPC error.
public struct ProtocolError: Error, Equatable {
    /// The number by which programs know the error.
    public var code: Int
    /// The words by which people do.
    public var message: String
    /// More about it.
    public var data: JSONValue?

    static let parseErrorCode = -32700
    static let invalidRequestCode = -32600
    static let methodNotFoundCode = -32601
    static let invalidParamsCode = -32602
    /// The headers of an HTTP request contradict its body (2026-07-28).
    static let headerMismatchCode = -32020
    /// The server does not speak the request's revision (2026-07-28).
    static let unsupportedVersionCode = -32022

    static let parseError = ProtocolError(code: parseErrorCode, message: "Parse error")

    static func invalidRequest(_ reason: String) -> ProtocolError {
        ProtocolError(code: invalidRequestCode, message: "Invalid request: \(reason)")
    }

    static func methodNotFound(_ method: String) -> ProtocolError {
        ProtocolError(code: methodNotFoundCode, message: "Method not found: \(method)")
    }

    static func invalidParams(_ reason: String) -> ProtocolError {
        ProtocolError(code: invalidParamsCode, message: "Invalid params: \(reason)")
    }

    static func headerMismatch(_ reason: String) -> ProtocolError {
        ProtocolError(code: headerMismatchCode, message: "Header mismatch: \(reason)")
    }

    static func unsupportedVersion(_ requested: String) -> ProtocolError {
        ProtocolError(
            code: unsupportedVersionCode, message: "Unsupported protocol version",
            data: [
                "supported": .array(ProtocolVersion.supported.map { .string($0) }),
                "requested": .string(requested),
            ])
    }
}

/// A request's answer.
public enum Reply: Equatable, Sendable {
    case result(RequestID, [String: JSONValue])
    case error(RequestID?, ProtocolError)

    /// The answer as one JSON-RPC message, on one line.
    public func encoded() -> Data {
        switch self {
        case .result(let id, let result):
            return JSONValue.object(["jsonrpc": "2.0", "id": id.json, "result": .object(result)]).encoded()
        case .error(let id, let error):
            var body: [String: JSONValue] = ["code": .integer(error.code), "message": .string(error.message)]
            body["data"] = error.data
            return JSONValue.object(["jsonrpc": "2.0", "id": id?.json ?? .null, "error": .object(body)]).encoded()
        }
    }
}
