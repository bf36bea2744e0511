/// Something that a client can have the server do.
public struct Tool: Sendable {
    /// Does the tool's work; throws ``ToolError`` with words from which the caller can learn.
    public typealias Body = @Sendable (_ arguments: [String: JSONValue]) async throws -> JSONValue

    let name: String
    let title: String
    let description: String
    let inputSchema: JSONValue
    let outputSchema: JSONValue
    let body: Body

    /// A tool.
    ///
    /// - Parameters:
    ///   - name: by which it is called.
    ///   - description: for the model that decides whether to call it.
    ///   - inputSchema: JSON Schema 2020-12 of its arguments.
    ///   - outputSchema: JSON Schema of its result, an object.
    public init(
        name: String, title: String, description: String, inputSchema: JSONValue, outputSchema: JSONValue,
        body: @escaping Body
    ) {
        self.name = name
        self.title = title
        self.description = description
        self.inputSchema = inputSchema
        self.outputSchema = outputSchema
        self.body = body
    }

    /// The tool as `tools/list` shows it.
    var listing: JSONValue {
        [
            "name": .string(name), "title": .string(title), "description": .string(description),
            "inputSchema": inputSchema, "outputSchema": outputSchema,
            // Every tool here only reads; clients may spare their user a question.
            "annotations": ["readOnlyHint": true],
        ]
    }

    /// Runs the tool. Its failure is a result too: the model that called it can read it and do better.
    func call(_ arguments: [String: JSONValue]) async -> [String: JSONValue] {
        do {
            let output = try await body(arguments)
            return [
                // Clients that do not know structured results read the text.
                "content": [["type": "text", "text": .string(String(decoding: output.encoded(), as: UTF8.self))]],
                "structuredContent": output,
                "isError": false,
            ]
        } catch {
            return ["content": [["type": "text", "text": .string("\(error)")]], "isError": true]
        }
    }
}

/// Why a tool has no result.
public struct ToolError: Error, CustomStringConvertible {
    public let description: String

    /// An error in words for the caller.
    public init(_ description: String) {
        self.description = description
    }
}
