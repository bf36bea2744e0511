import Testing

@testable import ModelContextProtocol

@Suite struct MCPServerTests {
    private let server = Server(
        name: "test", version: "1", instructions: "none",
        tools: [
            Tool(
                name: "echo", title: "Echo", description: "Says it again.", inputSchema: ["type": "object"],
                outputSchema: ["type": "object"]
            ) { arguments in
                guard let text = try Arguments(arguments, known: ["text"]).text("text") else {
                    throw ToolError("say something")
                }
                return ["text": .string(text)]
            }
        ])

    private static let meta: JSONValue = [
        MetaKey.protocolVersion: "2026-07-28", MetaKey.clientCapabilities: [:],
    ]

    private func reply(_ method: String, _ params: [String: JSONValue] = [:]) async -> Reply {
        await server.reply(to: Request(id: .integer(1), method: method, params: params))
    }

    private func result(_ reply: Reply) -> [String: JSONValue]? {
        guard case .result(_, let result) = reply else { return nil }
        return result
    }

    private func code(_ reply: Reply) -> Int? {
        guard case .error(_, let error) = reply else { return nil }
        return error.code
    }

    @Test func bothErasListTheToolsEachInItsForm() async throws {
        let modern = try #require(result(await reply("tools/list", ["_meta": Self.meta])))
        let legacy = try #require(result(await reply("tools/list")))
        #expect(modern["tools"] == legacy["tools"])
        #expect(modern["resultType"] == "complete")
        #expect(modern["ttlMs"] != nil)
        #expect(Set(legacy.keys) == ["tools"])
    }

    @Test func aToolAnswersInStructureAndInText() async throws {
        let call: [String: JSONValue] = ["name": "echo", "arguments": ["text": "hi"], "_meta": Self.meta]
        let answer = try #require(result(await reply("tools/call", call)))
        #expect(answer["structuredContent"] == ["text": "hi"])
        #expect(answer["content"] == [["type": "text", "text": #"{"text":"hi"}"#]])
        #expect(answer["isError"] == false)
    }

    @Test(
        arguments: [
            ([:], "say something"), (["text": 1], "text should be a text"), (["other": 1], "unknown argument: other"),
            (["text": "a\0b"], "text should be a text"),
        ] as [([String: JSONValue], String)])
    func aToolsFailureIsAResult(arguments: [String: JSONValue], reason: String) async throws {
        let answer = try #require(result(await reply("tools/call", ["name": "echo", "arguments": .object(arguments)])))
        #expect(answer["isError"] == true)
        #expect(answer["content"] == [["type": "text", "text": .string(reason)]])
        #expect(answer["structuredContent"] == nil)
    }

    @Test(
        arguments: [
            ("server/discover", [:], ProtocolError.invalidParamsCode),
            ("tools/list", ["_meta": [MetaKey.protocolVersion: "2026-07-28"]], ProtocolError.invalidParamsCode),
            ("tools/list", ["_meta": [MetaKey.protocolVersion: 7]], ProtocolError.invalidParamsCode),
            ("tools/list", ["_meta": [MetaKey.protocolVersion: "2025-11-25"]], ProtocolError.unsupportedVersionCode),
            ("tools/list", ["cursor": "x"], ProtocolError.invalidParamsCode),
            ("tools/call", ["name": "none"], ProtocolError.invalidParamsCode),
            ("tools/call", [:], ProtocolError.invalidParamsCode),
            ("tools/call", ["name": "echo", "arguments": "x"], ProtocolError.invalidParamsCode),
            ("initialize", [:], ProtocolError.invalidParamsCode),
            ("initialize", ["_meta": meta], ProtocolError.methodNotFoundCode),
            ("resources/list", [:], ProtocolError.methodNotFoundCode),
        ] as [(String, [String: JSONValue], Int)])
    func whatIsWrongHasItsCode(method: String, params: [String: JSONValue], expected: Int) async {
        #expect(code(await reply(method, params)) == expected)
    }
}
