import ControlProtocol
import HTTPTypes
import HummingbirdCore
import NIOCore
import StackModel

/// One request on its way through a route.
struct Call: Sendable {
    let request: Request
    let route: Route
    /// The parts of the path that stand in the route's braces.
    let parameters: [String: String]
    /// What the caller may do.
    let role: ControlRole
    /// Whose share of the daemon's streams it takes.
    let holder: Holder
    /// Whether the caller may still use the route: the rules can change while a stream goes on.
    let isAllowed: @Sendable () -> Bool
    let channel: any Channel
    let controller: any StackController
    let admission: Admission
    let limits: Limits
    let statistics: RequestStatistics
    /// Which run of the daemon this is.
    let run: Int64
    let note: BodyNote
}

// MARK: - Path

extension Call {
    /// The service that the path names.
    var service: ServiceName {
        get throws(ControlProblem) {
            let text = parameters["name"] ?? ""
            guard let name = ServiceName(text) else { throw .noSuchService(text) }
            return name
        }
    }

    /// The index of a replica that the path names.
    var replica: Int {
        get throws(ControlProblem) {
            let text = parameters["index"] ?? ""
            guard let index = Int(text), index >= 0 else {
                throw .badRequest("\"\(text)\" is no index of a replica; one is a number from 0")
            }
            return index
        }
    }
}

// MARK: - Query

extension Call {
    /// Refuses parameters that the route does not have, so that a misspelt one is not ignored.
    func checkQuery() throws(ControlProblem) {
        let known = Set(route.parameters.filter { $0.place == .query }.map(\.name))
        for (name, _) in request.uri.queryParameters where !known.contains(String(name)) {
            let right = known.isEmpty ? "there are none here" : "there are \(known.sorted().joined(separator: ", "))"
            throw .badRequest("no parameter is called \"\(name)\"; \(right)")
        }
    }

    func values(_ name: String) -> [String] {
        request.uri.queryParameters[values: name[...]].map { String($0) }
    }

    /// The only value of the parameter, read with `parse`; nil where it is not given.
    func value<Value>(
        _ name: String, _ expected: String, _ parse: (String) -> Value?
    ) throws(ControlProblem) -> Value? {
        let texts = values(name)
        guard texts.count <= 1 else { throw .badRequest("parameter \(name) is given more than once") }
        guard let text = texts.first else { return nil }
        guard let value = parse(text) else { throw .badRequest("\(name)=\(text): expected \(expected)") }
        return value
    }

    var follow: Bool? {
        get throws(ControlProblem) { try value("follow", "true or false", Bool.init(word:)) }
    }

    /// What a client that comes back has seen last (WHATWG HTML, "Server-sent events").
    var lastEventID: String? {
        HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
    }

    /// Whether the client names the media type as one that it takes; `*/*` names none.
    func accepts(_ mediaType: String) -> Bool {
        request.headers[values: .accept].contains { value in
            value.lowercased().filter { $0 != " " }.split(separator: ",").contains {
                $0.prefix { $0 != ";" } == mediaType
            }
        }
    }
}

extension Bool {
    /// `true` or `1`, `false` or `0`.
    init?(word: String) {
        switch word {
        case "true", "1": self = true
        case "false", "0": self = false
        default: return nil
        }
    }
}
