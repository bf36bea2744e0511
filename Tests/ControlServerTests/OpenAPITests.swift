@testable import ControlProtocol
@testable import ControlServer
import FoundationEssentials
import HTTPTypes
import StackModel
import Testing

/// What the daemon says of its API is what it does.
@Suite struct OpenAPITests {
    private static let parsed = Result { try JSONDecoder().decode(JSONNode.self, from: Data(OpenAPI.text.utf8)) }
    private let document: JSONNode

    init() throws {
        document = try Self.parsed.get()
    }

    // MARK: Routes

    @Test func everyRouteIsDescribedAndNothingElse() {
        let paths = document["paths"]?.object ?? [:]
        let described = paths.flatMap { path, operations in
            operations.object.keys.map { "\($0.uppercased()) \(path)" }
        }
        #expect(Set(described) == Set(RouteTable.all.routes.map { "\($0.method.rawValue) \($0.template)" }))
        #expect(described.count == RouteTable.all.routes.count)
    }

    @Test(arguments: RouteTable.all.routes.indices)
    func aRouteIsDescribedAsItIs(index: Int) throws {
        let route = RouteTable.all.routes[index]
        let operation = try #require(document["paths"]?[route.template]?[route.method.rawValue.lowercased()])
        #expect(operation["x-role"] == .string(route.role.rawValue))
        let parameters = operation["parameters"]?.array ?? []
        let names = parameters.compactMap { $0["name"]?.text }
        #expect(names == route.pathParameters + route.parameters.map(\.name))
        #expect(parameters.allSatisfy { $0["description"]?.text?.isEmpty == false })
        switch route.body {
        case .none: #expect(operation["requestBody"] == nil)
        case .document(let type):
            let schema = operation["requestBody"]?["content"]?["application/json"]?["schema"]
            #expect(schema?["$ref"]?.text == "#/components/schemas/\(type.schemaName)")
        case .bytes: #expect(operation["requestBody"]?["content"]?["application/octet-stream"] != nil)
        }
        let responses = operation["responses"]?.object ?? [:]
        let problems = route.problems + Route.commonProblems + (route.method == .post ? [.bodyTooLarge] : [])
        let statuses = Set(route.answers.map { Int($0.status.code) } + problems.map(\.status))
        #expect(Set(responses.keys) == Set(statuses.map { String($0) }))
        for problem in problems {
            #expect(responses[String(problem.status)]?["description"]?.text?.contains(problem.rawValue) == true)
        }
    }

    @Test func operationsHaveDifferentNames() {
        let operations = (document["paths"]?.object ?? [:]).values.flatMap { $0.object.values }
        #expect(Set(operations.compactMap { $0["operationId"]?.text }).count == RouteTable.all.routes.count)
    }

    @Test func everyCodeIsListed() throws {
        let text = try #require(document["info"]?["description"]?.text)
        for code in ControlProblem.Code.known {
            #expect(text.contains("- `\(code.rawValue)` (\(code.status))"))
        }
        #expect(text.components(of: "\n- `").count == ControlProblem.Code.known.count)
    }

    // MARK: Documents

    @Test func everyDocumentHasASchemaAndNothingElse() {
        let names = DocumentExamples.all.map { type(of: $0.full).schemaName }
        #expect(Set(names).count == names.count)
        #expect(Set(document["components"]?["schemas"]?.object.keys.map { $0 } ?? []) == Set(names))
    }

    @Test(arguments: DocumentExamples.all.indices)
    func aDocumentIsAsItsSchemaSays(index: Int) throws {
        let (full, least) = DocumentExamples.all[index]
        let name = type(of: full).schemaName
        let schema = try #require(document["components"]?["schemas"]?[name])
        let properties = schema["properties"]?.object ?? [:]
        let required = Set(schema["required"]?.array.compactMap(\.text) ?? [])
        #expect(try Set(node(of: full).object.keys) == Set(properties.keys))
        let always = try Set(node(of: least).object.keys)
        #expect(required.isSubset(of: always))
        if full is any WireRequest {
            #expect(schema["additionalProperties"] == .bool(false))
            // What is not required can be left out, and what is cannot.
            let leastNode = try node(of: least).object.filter { required.contains($0.key) }
            #expect(throws: Never.self) { try decode(type(of: full), JSONNode.map(leastNode)) }
            for key in required {
                let without = JSONNode.map(leastNode.filter { $0.key != key })
                #expect(throws: DecodingError.self) { try decode(type(of: full), without) }
            }
        } else {
            #expect(required == always)
        }
        for (key, value) in properties {
            #expect(value["description"]?.text?.isEmpty == false, "\(name).\(key)")
        }
    }

    /// What is written by the list of properties is what `Codable` writes and reads.
    @Test(arguments: DocumentExamples.all.indices)
    func aDocumentIsWrittenAsItIsRead(index: Int) throws {
        let (full, least) = DocumentExamples.all[index]
        for document in [full, least] {
            try expectSame(document)
            let keys = type(of: document).descriptions.map(\.key)
            #expect(keys == keys.sorted())
        }
    }

    private func expectSame<Document: WireDocument>(_ document: Document) throws {
        let bytes = WireFormat.bytes(of: document)
        let reference: Data = try WireFormat.encode(document)
        #expect(String(decoding: bytes, as: UTF8.self) == String(decoding: reference, as: UTF8.self))
        #expect(try WireFormat.decode(Document.self, from: Data(bytes)) == document)
    }

    private func node(of document: any WireDocument) throws -> JSONNode {
        try JSONDecoder().decode(JSONNode.self, from: Data(WireFormat.bytes(of: document)))
    }

    private func decode(_ type: any WireDocument.Type, _ node: JSONNode) throws {
        _ = try JSONDecoder().decode(type, from: try JSONEncoder().encode(node))
    }

    @Test func recordsOfAnExecutionAreDocuments() throws {
        let exit = ExitDocument(code: nil, signal: "SIGKILL", time: Timestamp(milliseconds: 0))
        for record in [
            ExecutionRecord.started(id: 4, pid: 42), .output(.stderr, [0, 255, 10]), .output(.stdout, []),
            .exited(exit),
        ] {
            let reference: Data = try WireFormat.encode(record)
            #expect(Data(WireFormat.bytes(of: record)) == reference)
            #expect(try WireFormat.decode(ExecutionRecord.self, from: reference) == record)
        }
    }

    /// Every reference leads somewhere.
    @Test func referencesAreKnown() {
        let schemas = document["components"]?["schemas"]?.object ?? [:]
        func visit(_ node: JSONNode) {
            if let reference = node["$ref"]?.text {
                #expect(schemas[String(reference.dropFirst("#/components/schemas/".count))] != nil, "\(reference)")
            }
            for child in node.object.values { visit(child) }
            for child in node.array { visit(child) }
        }
        visit(document)
    }
}

/// JSON as it is.
enum JSONNode: Hashable, Codable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case list([JSONNode])
    case map([String: JSONNode])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONNode].self) {
            self = .list(value)
        } else {
            self = .map(try container.decode([String: JSONNode].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .map(let value): try container.encode(value)
        }
    }

    subscript(key: String) -> JSONNode? { object[key] }

    var object: [String: JSONNode] { if case .map(let value) = self { value } else { [:] } }
    var array: [JSONNode] { if case .list(let value) = self { value } else { [] } }
    var text: String? { if case .string(let value) = self { value } else { nil } }
}
