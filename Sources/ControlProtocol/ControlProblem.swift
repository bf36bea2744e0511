/// Why a request was refused: a problem document of RFC 9457 with a stable code.
public struct ControlProblem: Error, Hashable, Sendable {
    /// A stable word for the kind of problem.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case badRequest = "bad_request"
        case unauthorized
        case forbidden
        case notFound = "not_found"
        case noSuchService = "no_such_service"
        case noSuchReplica = "no_such_replica"
        case noSuchExecution = "no_such_execution"
        case noSuchRevision = "no_such_revision"
        case methodNotAllowed = "method_not_allowed"
        case notAcceptable = "not_acceptable"
        case requestTimeout = "request_timeout"
        case shuttingDown = "shutting_down"
        case planChanged = "plan_changed"
        case portConflict = "port_conflict"
        case notRunning = "not_running"
        case noRollout = "no_rollout"
        case bodyTooLarge = "body_too_large"
        case misdirected = "misdirected_request"
        case invalidFile = "invalid_file"
        case cannotExecute = "cannot_execute"
        case tooMuchInput = "too_much_input"
        case tooManyExecutions = "too_many_executions"
        case headerTooLarge = "header_too_large"
        case internalError = "internal_error"
        case tooManyConnections = "too_many_connections"
        /// A word of a later version.
        case unknown

        /// All but `unknown`.
        public static var known: [Code] { allCases.filter { $0 != .unknown } }

        /// The HTTP status.
        public var status: Int {
            switch self {
            case .badRequest: 400
            case .unauthorized: 401
            case .forbidden: 403
            case .notFound, .noSuchService, .noSuchReplica, .noSuchExecution, .noSuchRevision: 404
            case .methodNotAllowed: 405
            case .notAcceptable: 406
            case .requestTimeout: 408
            case .shuttingDown, .planChanged, .portConflict, .notRunning, .noRollout: 409
            case .bodyTooLarge: 413
            case .misdirected: 421
            case .invalidFile, .cannotExecute: 422
            case .tooMuchInput, .tooManyExecutions: 429
            case .headerTooLarge: 431
            case .internalError, .unknown: 500
            case .tooManyConnections: 503
            }
        }

        /// What kind of problem it is, in words.
        public var title: String {
            let words = rawValue.split(separator: "_").joined(separator: " ")
            return words.prefix(1).uppercased() + words.dropFirst()
        }
    }

    public var code: Code
    /// The HTTP status.
    public var status: Int
    /// What kind of problem it is; the same for every problem of the code.
    public var title: String
    /// What was wrong this time, and what would be right.
    public var detail: String
    /// What is wrong with the stack file, as `FILE:LINE:COLUMN: error: …`; empty for other problems.
    public var diagnostics: [String]

    public init(_ code: Code, _ detail: String, diagnostics: [String] = []) {
        self.code = code
        status = code.status
        title = code.title
        self.detail = detail
        self.diagnostics = diagnostics
    }

    /// The media type of a problem document.
    public static let mediaType = "application/problem+json"
}

extension ControlProblem {
    public static func badRequest(_ detail: String) -> ControlProblem {
        ControlProblem(.badRequest, detail)
    }

    public static func noSuchService(_ name: String) -> ControlProblem {
        ControlProblem(.noSuchService, "the stack has no service \"\(name)\"")
    }

    /// `indices`: those of the replicas that there are, ascending.
    public static func noSuchReplica(_ index: Int, of service: String, indices: [Int]) -> ControlProblem {
        let others = indices.isEmpty ? "none" : ranges(of: indices)
        return ControlProblem(.noSuchReplica, "service \"\(service)\" has no replica \(index); it has \(others)")
    }

    /// `0 to 2, 5`
    private static func ranges(of indices: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for index in indices {
            if let last = ranges.last, last.upperBound == index - 1 {
                ranges[ranges.count - 1] = last.lowerBound...index
            } else {
                ranges.append(index...index)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)" }
            .joined(separator: ", ")
    }

    public static func noSuchExecution(_ id: UInt64) -> ControlProblem {
        ControlProblem(.noSuchExecution, "no execution has the number \(id); it has ended, or never was")
    }

    public static func noSuchRevision(_ detail: String) -> ControlProblem {
        ControlProblem(.noSuchRevision, detail)
    }

    public static var shuttingDown: ControlProblem {
        ControlProblem(.shuttingDown, "the stack is being shut down and takes no more commands")
    }

    public static func planChanged(to plan: String) -> ControlProblem {
        ControlProblem(
            .planChanged, "the stack or its files have changed since that plan was made; the plan is \(plan) now")
    }

    /// `conflicts`: as the plan tells them.
    public static func portConflict(_ conflicts: [String]) -> ControlProblem {
        ControlProblem(
            .portConflict, "nothing was changed, as an address is taken: \(conflicts.joined(separator: "; "))")
    }

    /// `reason`: what kind of rollout there is not.
    public static func noRollout(of service: String, _ reason: String) -> ControlProblem {
        ControlProblem(.noRollout, "service \"\(service)\" \(reason)")
    }

    /// `name`: a service, or one replica of it.
    public static func notRunning(_ name: String) -> ControlProblem {
        ControlProblem(.notRunning, "nothing of \(name) runs; start it, or use `run` for an instance of its own")
    }

    public static func invalidFile(_ diagnostics: [String]) -> ControlProblem {
        ControlProblem(.invalidFile, "the stack file is invalid, and nothing was changed", diagnostics: diagnostics)
    }

    public static func cannotExecute(_ reason: String) -> ControlProblem {
        ControlProblem(.cannotExecute, reason)
    }

    public static func tooMuchInput(limit: Int) -> ControlProblem {
        ControlProblem(
            .tooMuchInput,
            "the command has not read what was sent before, and no more than \(limit) bytes are kept for it; "
                + "nothing of this was taken, try again")
    }

    public static func tooManyExecutions(limit: Int) -> ControlProblem {
        ControlProblem(.tooManyExecutions, "\(limit) commands run already, and that is the limit; try again")
    }
}

extension ControlProblem: CustomStringConvertible {
    public var description: String { detail }
}

extension ControlProblem: WireDocument {
    public static let summary = "Why a request was refused (RFC 9457)."
    public static let properties: [WireProperty<ControlProblem>] = [
        .init("code", \.code.rawValue, "A stable word for the kind of problem; there may be more in later versions."),
        .init("detail", \.detail, "What was wrong this time, and what would be right."),
        .optional(
            "diagnostics", { $0.diagnostics.isEmpty ? nil : $0.diagnostics },
            "invalid_file: what is wrong with the stack file, as FILE:LINE:COLUMN: error: …."),
        .init("status", \.status, "The HTTP status."),
        .init("title", \.title, "The kind of problem in words."),
        .init("type", \.type, "The code as a URN."),
    ]

    private var type: String { "urn:stackd:problem:\(code.rawValue)" }
}

extension ControlProblem: Codable {
    private enum CodingKeys: String, CodingKey {
        case type, code, status, title, detail, diagnostics
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        code = Code(rawValue: try container.decode(String.self, forKey: .code)) ?? .unknown
        status = try container.decode(Int.self, forKey: .status)
        title = try container.decode(String.self, forKey: .title)
        detail = try container.decode(String.self, forKey: .detail)
        diagnostics = try container.decodeIfPresent([String].self, forKey: .diagnostics) ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(type, forKey: .type)
        try container.encode(code.rawValue, forKey: .code)
        try container.encode(status, forKey: .status)
        try container.encode(title, forKey: .title)
        try container.encode(detail, forKey: .detail)
        if !diagnostics.isEmpty { try container.encode(diagnostics, forKey: .diagnostics) }
    }
}
