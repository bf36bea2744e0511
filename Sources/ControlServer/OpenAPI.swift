import ControlProtocol
import HTTPTypes
import StackModel

/// The description of the control API (OpenAPI 3.1), made of the routes and of the documents that they take and give.
enum OpenAPI {
    static let text = String(decoding: render(RouteTable.all.routes), as: UTF8.self) + "\n"

    private static let introduction = """
        The control API of a stackd daemon. It is spoken over the daemon's control socket: \
        `curl --unix-socket /run/stackd/NAME/control/socket http://localhost/v1/stack`. Where the stack file has \
        `control: {listen: …}`, it is spoken on that address too, with a token: \
        `curl -H "Authorization: Bearer TOKEN" http://127.0.0.1:PORT/v1/stack`.

        **Roles.** Each operation takes a role: read, operate or admin, each of which includes those before it. On the \
        socket it is that of the client's user and groups, over TCP that of the token.

        **Bodies** are JSON objects; unknown fields are refused. A command is answered when it is accepted, with the \
        number of the newest event before it: `/v1/events?since=N` tells what comes of it.

        **Streams** are server-sent events (`curl -N`): the data of each message is one JSON document, and a message \
        of the event `gap` says what is missing.

        **Executions**: `curl -N -d '{"command":["sh"],"input":true}' …/v1/services/web/exec` begins one and shows \
        its output, Base64 in `data`; its first message tells its id. Meanwhile \
        `curl --data-binary @file '…/v1/executions/ID/input?last=true'` gives it its standard input.

        **Problems** are documents of RFC 9457. Their `code` is one of:
        """

    static func render(_ routes: [Route]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("openapi", "3.1.0")
            writer.key("info")
            writer.object { writer in
                writer.member("title", "stackd control API")
                writer.member("version", productVersion)
                writer.member(
                    "description",
                    introduction + ControlProblem.Code.known.map { "\n- `\($0.rawValue)` (\($0.status))" }.joined())
            }
            writer.key("servers")
            writer.array { $0.object { $0.member("url", "http://localhost") } }
            writer.key("security")
            writer.array { writer in
                writer.object { _ in }
                writer.object { writer in
                    writer.key("token")
                    writer.array { _ in }
                }
            }
            writePaths(routes, &writer)
            writeComponents(routes, &writer)
        }
        return writer.bytes
    }

    private static func writePaths(_ routes: [Route], _ writer: inout JSONWriter) {
        var templates: [String] = []
        for route in routes where !templates.contains(route.template) { templates.append(route.template) }
        writer.key("paths")
        writer.object { writer in
            for template in templates {
                writer.key(template)
                writer.object { writer in
                    for route in routes where route.template == template {
                        writer.key(route.method.rawValue.lowercased())
                        writer.object { route.describe(&$0) }
                    }
                }
            }
        }
    }

    private static func writeComponents(_ routes: [Route], _ writer: inout JSONWriter) {
        writer.key("components")
        writer.object { writer in
            writer.key("securitySchemes")
            writer.object { writer in
                writer.key("token")
                writer.object { writer in
                    writer.member("type", "http")
                    writer.member("scheme", "bearer")
                }
            }
            writer.key("schemas")
            writer.object { writer in
                for document in documents(of: routes) {
                    writer.key(document.schemaName)
                    writer.schema(of: document)
                }
            }
        }
    }

    /// Every document that stands in a request or an answer, and in another document, by name.
    static func documents(of routes: [Route]) -> [any WireDocument.Type] {
        var found: [String: any WireDocument.Type] = [:]
        func visit(_ schema: JSONSchema) {
            switch schema {
            case .string, .integer, .number, .boolean, .words, .anyObject: break
            case .array(let inner), .map(let inner), .nullable(let inner): visit(inner)
            case .oneOf(let choices): choices.forEach(visit)
            case .document(let type):
                guard found.updateValue(type, forKey: type.schemaName) == nil else { return }
                for property in type.descriptions { visit(property.schema) }
            }
        }
        visit(ControlProblem.schema)
        for route in routes {
            if case .document(let type) = route.body { visit(type.schema) }
            for answer in route.answers { if let schema = answer.content?.schema { visit(schema) } }
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }
}

// MARK: - Operations

extension Route {
    /// What any request can be refused for.
    static let commonProblems: [ControlProblem.Code] = [
        .badRequest, .unauthorized, .forbidden, .requestTimeout, .misdirected, .headerTooLarge, .internalError,
        .tooManyConnections,
    ]

    fileprivate func describe(_ writer: inout JSONWriter) {
        writer.member("operationId", operationID)
        writer.member("summary", summary)
        writer.member("description", (text.isEmpty ? "" : text + "\n\n") + "Role: \(role.rawValue).")
        writer.member("x-role", role.rawValue)
        if !pathParameters.isEmpty || !parameters.isEmpty {
            writer.key("parameters")
            writer.array { describeParameters(&$0) }
        }
        describeBody(&writer)
        writer.key("responses")
        writer.object { writer in
            let answers = Dictionary(grouping: answers) { Int($0.status.code) }
            let codes = Set(problems + Self.commonProblems + (method == .post ? [.bodyTooLarge] : []))
            let problems = Dictionary(grouping: codes.sorted { $0.rawValue < $1.rawValue }, by: \.status)
            for status in Set(answers.keys).union(problems.keys).sorted() {
                writer.key(String(status))
                writer.object { Self.describe(answers[status] ?? [], problems[status] ?? [], &$0) }
            }
        }
    }

    private var operationID: String {
        ([method.rawValue.lowercased()] + Self.segments(of: template)).map { segment in
            String(segment.filter { $0 != "{" && $0 != "}" }.map { $0 == "." ? "_" : $0 })
        }.joined(separator: "_")
    }

    private func describeParameters(_ writer: inout JSONWriter) {
        for name in pathParameters {
            writer.object { writer in
                writer.member("name", name)
                writer.member("in", "path")
                writer.member("description", Self.meaning(of: name))
                writer.key("required")
                writer.literal("true")
                writer.key("schema")
                writer.write(name == "name" ? .string() : .integer(minimum: 0))
            }
        }
        for parameter in parameters {
            writer.object { writer in
                writer.member("name", parameter.name)
                writer.member("in", parameter.place.rawValue)
                writer.member("description", parameter.text)
                writer.key("schema")
                writer.write(parameter.isList ? .array(parameter.schema) : parameter.schema)
            }
        }
    }

    private static func meaning(of parameter: String) -> String {
        switch parameter {
        case "name": "The name of a service."
        case "index": "The index of a replica, from 0."
        default: "The number of an execution, as its `started` tells it."
        }
    }

    private func describeBody(_ writer: inout JSONWriter) {
        let content: (mediaType: String, schema: JSONSchema)
        let isRequired: Bool
        switch body {
        case .none: return
        case .document(let type):
            content = ("application/json", type.schema)
            isRequired = type.descriptions.contains { $0.isRequired }
        case .bytes:
            content = ("application/octet-stream", .string())
            isRequired = false
        }
        writer.key("requestBody")
        writer.object { writer in
            writer.key("required")
            writer.literal(isRequired ? "true" : "false")
            writer.content([content])
        }
    }

    private static func describe(_ answers: [Answer], _ problems: [ControlProblem.Code], _ writer: inout JSONWriter) {
        let texts =
            answers.map(\.text)
            + (problems.isEmpty ? [] : ["Problem: \(problems.map(\.rawValue).joined(separator: ", "))."])
        writer.member("description", texts.joined(separator: " "))
        let problem = problems.isEmpty ? [] : [(mediaType: ControlProblem.mediaType, schema: ControlProblem.schema)]
        let contents = answers.compactMap(\.content) + problem
        if !contents.isEmpty { writer.content(contents) }
    }
}
