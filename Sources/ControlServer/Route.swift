import ControlProtocol
import HTTPTypes
import HummingbirdCore
import StackModel

/// One entry of the control API: a method and a path, who may use it, what it takes and gives, and what answers it.
///
/// What is declared here is both enforced and published: a query parameter or a body that is not declared is refused.
struct Route: Sendable {
    typealias Handler = @Sendable (Call) async throws(ControlProblem) -> Response

    enum Segment: Hashable, Sendable {
        case literal(String)
        /// `{name}`: any one segment.
        case parameter(String)
    }

    /// A parameter of the query, or a header that is as good as one.
    struct Parameter: Sendable {
        enum Place: String, Sendable {
            case query, header
        }

        var name: String
        var schema: JSONSchema
        var text: String
        /// It may be given more than once.
        var isList = false
        var place = Place.query
    }

    enum Body: Sendable {
        case none
        /// A JSON object; where no property of it is required, it may be left out.
        case document(any WireDocument.Type)
        case bytes
    }

    /// What a request that succeeds is answered with.
    struct Answer: Sendable {
        var status: HTTPTypes.HTTPResponse.Status
        var text: String
        /// Nil where there is no body.
        var content: (mediaType: String, schema: JSONSchema)?
    }

    let method: HTTPTypes.HTTPRequest.Method
    let template: String
    let path: [Segment]
    let role: ControlRole
    let summary: String
    /// What the summary does not say: how to use it.
    let text: String
    let parameters: [Parameter]
    let body: Body
    let answers: [Answer]
    /// The problems that are its own, besides those that any request can have.
    let problems: [ControlProblem.Code]
    /// Whether the audit log tells every use of it, or only those that were refused.
    let audit: AuditRule
    let handler: Handler

    enum AuditRule: Sendable {
        case never, refusals, always
    }

    static func get(
        _ template: String, _ role: ControlRole, _ summary: String, _ text: String = "", query: [Parameter] = [],
        answers: [Answer], problems: [ControlProblem.Code] = [], handler: @escaping Handler
    ) -> Route {
        Route(
            .get, template, role, summary, text, query: query, body: .none, answers: answers, problems: problems,
            audit: .never, handler: handler)
    }

    static func post(
        _ template: String, _ role: ControlRole, _ summary: String, _ text: String = "", query: [Parameter] = [],
        body: Body = .none, answers: [Answer], problems: [ControlProblem.Code] = [], audit: AuditRule = .always,
        handler: @escaping Handler
    ) -> Route {
        Route(
            .post, template, role, summary, text, query: query, body: body, answers: answers, problems: problems,
            audit: audit, handler: handler)
    }

    private init(
        _ method: HTTPTypes.HTTPRequest.Method, _ template: String, _ role: ControlRole, _ summary: String,
        _ text: String, query: [Parameter], body: Body, answers: [Answer], problems: [ControlProblem.Code],
        audit: AuditRule, handler: @escaping Handler
    ) {
        self.method = method
        self.template = template
        path = Self.segments(of: template).map { segment in
            segment.hasPrefix("{") ? .parameter(String(segment.dropFirst().dropLast())) : .literal(segment)
        }
        self.role = role
        self.summary = summary
        self.text = text
        parameters = query
        self.body = body
        self.answers = answers
        self.problems = problems
        self.audit = audit
        self.handler = handler
    }

    static func segments(of path: String) -> [String] {
        path.split(separator: "/").map { String($0) }
    }

    /// What stands in the braces, where the segments are those of this route's path.
    func match(_ segments: [String]) -> [String: String]? {
        guard segments.count == path.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, text) in zip(path, segments) {
            switch segment {
            case .literal(let literal): guard literal == text else { return nil }
            case .parameter(let name): parameters[name] = text
            }
        }
        return parameters
    }

    /// The names in the braces.
    var pathParameters: [String] {
        path.compactMap { segment in
            switch segment {
            case .literal: nil
            case .parameter(let name): name
            }
        }
    }
}

extension Route.Answer {
    static func json(
        _ type: (some JSONValue).Type, _ text: String, status: HTTPTypes.HTTPResponse.Status = .ok
    ) -> Route.Answer {
        Route.Answer(status: status, text: text, content: ("application/json", type.schema))
    }

    /// A stream of server-sent events.
    static func events<Item: JSONValue & Hashable & Codable>(_ type: Item.Type, _ text: String) -> Route.Answer {
        .stream(type, as: .serverSentEvents, text)
    }

    static func stream<Item: JSONValue & Hashable & Codable>(
        _ type: Item.Type, as format: StreamFormat, _ text: String
    ) -> Route.Answer {
        Route.Answer(status: .ok, text: text, content: (format.mediaType, StreamRecord<Item>.schema))
    }

    static let accepted = json(
        AcceptedDocument.self, "It is accepted, and is carried out from now on.", status: .accepted)

    static let done = Route.Answer(status: .noContent, text: "It is done.", content: nil)
}

/// All routes of the control API.
struct RouteTable: Sendable {
    let routes: [Route]

    static let all = RouteTable(
        routes: StackRoutes.all + ServiceRoutes.all + ScalingRoutes.all + RolloutRoutes.all + EventRoutes.all
            + LogRoutes.all + ExecutionRoutes.all + WatchRoutes.all + HealthRoutes.all + DescriptionRoutes.all)

    /// The route of a request, and the parameters in its path.
    /// - Throws: `not_found`, `method_not_allowed`.
    func find(
        _ method: HTTPTypes.HTTPRequest.Method, _ path: String
    ) throws(ControlProblem) -> (Route, parameters: [String: String]) {
        let segments = Route.segments(of: path)
        var allowed: [String] = []
        for route in routes {
            guard let parameters = route.match(segments) else { continue }
            if route.method == method { return (route, parameters) }
            allowed.append(route.method.rawValue)
        }
        throw allowed.isEmpty ? .notFound(path) : .methodNotAllowed(method.rawValue, path, allowed: allowed)
    }

    /// The methods that the path takes.
    func methods(of path: String) -> [String] {
        let segments = Route.segments(of: path)
        return routes.filter { $0.match(segments) != nil }.map(\.method.rawValue)
    }
}

extension ControlProblem {
    static func notFound(_ path: String) -> ControlProblem {
        ControlProblem(.notFound, "there is nothing at \(path)")
    }

    static func methodNotAllowed(_ method: String, _ path: String, allowed: [String]) -> ControlProblem {
        ControlProblem(.methodNotAllowed, "\(path) takes \(allowed.joined(separator: " and ")), not \(method)")
    }
}
