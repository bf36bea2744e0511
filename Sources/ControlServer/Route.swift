import ControlProtocol
import HTTPTypes
import HummingbirdCore

/// One entry of the control API: a method, a path, and what answers it.
struct Route: Sendable {
    typealias Handler = @Sendable (Call) async throws(ControlProblem) -> Response

    enum Segment: Hashable, Sendable {
        case literal(String)
        /// `{name}`: any one segment.
        case parameter(String)
    }

    let method: HTTPTypes.HTTPRequest.Method
    let path: [Segment]
    let handler: Handler

    private init(_ method: HTTPTypes.HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
        self.method = method
        self.path = Self.segments(of: path).map { segment in
            segment.hasPrefix("{") ? .parameter(String(segment.dropFirst().dropLast())) : .literal(segment)
        }
        self.handler = handler
    }

    static func get(_ path: String, _ handler: @escaping Handler) -> Route {
        Route(.get, path, handler)
    }

    static func post(_ path: String, _ handler: @escaping Handler) -> Route {
        Route(.post, path, handler)
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
}

/// All routes of the control API.
struct RouteTable: Sendable {
    let routes: [Route]

    static let all = RouteTable(
        routes: StackRoutes.all + ServiceRoutes.all + EventRoutes.all + LogRoutes.all + HealthRoutes.all)

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
}

extension ControlProblem {
    static func notFound(_ path: String) -> ControlProblem {
        ControlProblem(code: .notFound, status: 404, title: "Not found", detail: "there is nothing at \(path)")
    }

    static func methodNotAllowed(_ method: String, _ path: String, allowed: [String]) -> ControlProblem {
        ControlProblem(
            code: .methodNotAllowed, status: 405, title: "Method not allowed",
            detail: "\(path) takes \(allowed.joined(separator: " and ")), not \(method)")
    }
}
