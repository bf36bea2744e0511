/// Why a request was refused: a problem document of RFC 9457 with a stable code.
public struct ControlProblem: Error, Hashable, Sendable {
    /// A stable word for the kind of problem; clients must expect words that they do not know.
    public struct Code: RawRepresentable, Hashable, Codable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public static let badRequest = Code(rawValue: "bad_request")
        public static let forbidden = Code(rawValue: "forbidden")
        public static let notFound = Code(rawValue: "not_found")
        public static let noSuchService = Code(rawValue: "no_such_service")
        public static let noSuchReplica = Code(rawValue: "no_such_replica")
        public static let methodNotAllowed = Code(rawValue: "method_not_allowed")
        public static let notAcceptable = Code(rawValue: "not_acceptable")
        public static let requestTimeout = Code(rawValue: "request_timeout")
        public static let bodyTooLarge = Code(rawValue: "body_too_large")
        public static let headerTooLarge = Code(rawValue: "header_too_large")
        public static let shuttingDown = Code(rawValue: "shutting_down")
        public static let tooManyConnections = Code(rawValue: "too_many_connections")
        public static let internalError = Code(rawValue: "internal_error")
    }

    public var code: Code
    /// The HTTP status.
    public var status: Int
    /// What kind of problem it is; the same for every problem of the code.
    public var title: String
    /// What was wrong this time, and what would be right.
    public var detail: String

    public init(code: Code, status: Int, title: String, detail: String) {
        self.code = code
        self.status = status
        self.title = title
        self.detail = detail
    }

    /// The media type of a problem document.
    public static let mediaType = "application/problem+json"
}

extension ControlProblem {
    public static func badRequest(_ detail: String) -> ControlProblem {
        ControlProblem(code: .badRequest, status: 400, title: "Bad request", detail: detail)
    }

    public static func noSuchService(_ name: String) -> ControlProblem {
        ControlProblem(
            code: .noSuchService, status: 404, title: "No such service", detail: "the stack has no service \"\(name)\"")
    }

    public static func noSuchReplica(_ index: Int, of service: String, count: Int) -> ControlProblem {
        ControlProblem(
            code: .noSuchReplica, status: 404, title: "No such replica",
            detail:
                "service \"\(service)\" has no replica \(index); it has \(count), counted from 0")
    }

    public static var shuttingDown: ControlProblem {
        ControlProblem(
            code: .shuttingDown, status: 409, title: "Shutting down",
            detail: "the stack is being shut down and takes no more commands")
    }
}

extension ControlProblem: CustomStringConvertible {
    public var description: String { detail }
}

extension ControlProblem: Codable {
    private enum CodingKeys: String, CodingKey {
        case type, code, status, title, detail
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        code = try container.decode(Code.self, forKey: .code)
        status = try container.decode(Int.self, forKey: .status)
        title = try container.decode(String.self, forKey: .title)
        detail = try container.decode(String.self, forKey: .detail)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("urn:stackd:problem:\(code.rawValue)", forKey: .type)
        try container.encode(code, forKey: .code)
        try container.encode(status, forKey: .status)
        try container.encode(title, forKey: .title)
        try container.encode(detail, forKey: .detail)
    }
}
