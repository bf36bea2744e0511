import Testing

@testable import LinuxRuntime

@Suite struct MCPConversationTests {
    private func json(_ text: String) throws -> JSON { try JSON(parsing: text.utf8) }

    private func result(_ text: String) throws -> MCPAnswer { .result(try json(text)) }

    private func discovered(_ conversation: inout MCPConversation) throws -> MCPConversation.Step {
        conversation.receive(try result(#"{"supportedVersions":["2026-07-28"],"resultType":"complete"}"#), to: 1)
    }

    @Test func asksForDiscoveryFirst() throws {
        let opening = MCPConversation(tools: []).opening
        #expect(opening.isStateless)
        #expect(opening.version == "2026-07-28")
        let message = try json(opening.text)
        #expect(message["method"]?.string == "server/discover")
        #expect(message["id"]?.integer == opening.id)
        let meta = message["params"]?["_meta"]
        #expect(meta?["io.modelcontextprotocol/protocolVersion"]?.string == "2026-07-28")
        #expect(meta?["io.modelcontextprotocol/clientInfo"]?["name"]?.string == "stackd")
        #expect(meta?["io.modelcontextprotocol/clientCapabilities"] == .object([:]))
    }

    @Test func aStatelessServerPasses() throws {
        var conversation = MCPConversation(tools: [])
        #expect(try discovered(&conversation) == MCPConversation.Step(result: .passed))
    }

    @Test(arguments: [
        MCPAnswer.error(code: -32601, message: "Method not found", data: .null),
        .error(code: -32602, message: "Invalid request parameters", data: .null),
        .error(code: -32000, message: "Bad Request: Server not initialized", data: .null),
        .error(code: -32022, message: "?", data: .null),
        .error(code: -32022, message: "?", data: .object(["supported": .array([.string("2025-06-18")])])),
        .refused("HTTP status 400"), .refused("HTTP status 500"),
        .result(.object([:])), .result(.null),
        .result(.object(["supportedVersions": .array([.string("2025-11-25")])])),
    ])
    func anythingElseMeansAnOlderServer(answer: MCPAnswer) throws {
        var conversation = MCPConversation(tools: [])
        let step = conversation.receive(answer, to: 1)
        #expect(step.result == nil)
        let initialize = try #require(step.messages.first)
        #expect(step.messages.count == 1)
        #expect(initialize.version == nil)
        #expect(!initialize.isStateless)
        let params = try json(initialize.text)["params"]
        #expect(params?["protocolVersion"]?.string == "2025-11-25")
        #expect(params?["capabilities"] == .object([:]))

        let end = conversation.receive(try result(#"{"protocolVersion":"2025-03-26","capabilities":{}}"#), to: 2)
        #expect(end.result == .passed)
        #expect(end.messages.map(\.method) == ["notifications/initialized"])
        #expect(end.messages.first?.version == "2025-03-26")
        #expect(try json(try #require(end.messages.first).text)["id"] == nil)
    }

    @Test func anUnknownVersionFails() throws {
        var stateless = MCPConversation(tools: [])
        let data = try json(#"{"supported":["2027-01-01","2028-01-01"],"requested":"2026-07-28"}"#)
        #expect(
            stateless.receive(.error(code: -32022, message: "Unsupported protocol version", data: data), to: 1).result
                == .failed("the server speaks only protocol versions 2027-01-01, 2028-01-01"))

        var older = MCPConversation(tools: [], asksToInitialize: true)
        #expect(older.opening.method == "initialize")
        #expect(
            older.receive(try result(#"{"protocolVersion":"2024-10-07"}"#), to: 2).result
                == .failed("the server speaks only protocol version 2024-10-07"))
    }

    @Test func aRefusedInitializeFails() throws {
        var conversation = MCPConversation(tools: [], asksToInitialize: true)
        #expect(
            conversation.receive(.refused("HTTP status 403"), to: 2).result == .failed("initialize: HTTP status 403"))
        conversation = MCPConversation(tools: [], asksToInitialize: true)
        #expect(
            conversation.receive(.error(code: -32603, message: "no\u{1b}[31m", data: .null), to: nil).result
                == .failed("initialize: error -32603: no·[31m"))
    }

    @Test func findsToolsOnLaterPages() throws {
        var conversation = MCPConversation(tools: ["b", "a"])
        let first = try discovered(&conversation)
        #expect(first.messages.map(\.method) == ["tools/list"])
        #expect(first.messages.first?.isStateless == true)
        let second = conversation.receive(try result(#"{"tools":[{"name":"a"}],"nextCursor":"p\"2"}"#), to: 3)
        let request = try json(try #require(second.messages.first).text)
        #expect(request["params"]?["cursor"]?.string == "p\"2")
        #expect(request["params"]?["_meta"] != nil)
        #expect(request["id"]?.integer == 4)
        // A repeated answer to the first page is not taken for the second.
        #expect(conversation.receive(try result(#"{"tools":[{"name":"b"}]}"#), to: 3) == .wait)
        #expect(conversation.receive(try result(#"{"tools":[{"name":"b"}]}"#), to: 4).result == .passed)
    }

    @Test func namesMissingTools() throws {
        var conversation = MCPConversation(tools: ["a", "x", "y"])
        _ = try discovered(&conversation)
        #expect(
            conversation.receive(try result(#"{"tools":[{"name":"a"},{"name":"b"}]}"#), to: 3).result
                == .failed("the server lacks the tools x, y; it has a, b"))
        conversation = MCPConversation(tools: ["x"])
        _ = try discovered(&conversation)
        #expect(
            conversation.receive(try result(#"{"tools":[]}"#), to: 3).result
                == .failed("the server lacks the tool x; it has none"))
        conversation = MCPConversation(tools: ["x"])
        _ = try discovered(&conversation)
        #expect(
            conversation.receive(try result("{}"), to: 3).result
                == .failed("tools/list: a result that is not understood"))
    }

    @Test func endlessPagesEnd() throws {
        var conversation = MCPConversation(tools: ["x"])
        var step = try discovered(&conversation)
        var pages = 0
        while let id = step.messages.first?.id, pages < 1000 {
            pages += 1
            step = conversation.receive(try result(#"{"tools":[],"nextCursor":"again"}"#), to: id)
        }
        #expect(step.result == .failed("the server lacks the tool x; it has none"))
        #expect(pages == 64)
    }

    @Test func aSilentServerIsAskedToInitialize() throws {
        var conversation = MCPConversation(tools: [])
        #expect(conversation.stopWaitingForDiscovery().messages.map(\.method) == ["initialize"])
        #expect(conversation.stopWaitingForDiscovery() == .wait)
        // It was merely slow, and does not know `initialize` any more.
        #expect(try discovered(&conversation) == MCPConversation.Step(result: .passed))

        conversation = MCPConversation(tools: [])
        _ = conversation.stopWaitingForDiscovery()
        #expect(conversation.receive(.error(code: -32601, message: "", data: .null), to: 1) == .wait)
        #expect(conversation.receive(try result(#"{"protocolVersion":"2025-11-25"}"#), to: 2).result == .passed)
    }

    @Test func onlyAnswersAreAnswers() throws {
        #expect(MCPAnswer.parse(try json(#"{"jsonrpc":"2.0","method":"ping","id":1}"#)) == nil)
        #expect(MCPAnswer.parse(try json(#"{"jsonrpc":"2.0","method":"notifications/message"}"#)) == nil)
        #expect(MCPAnswer.parse(try json(#"{"jsonrpc":"2.0","id":"1","result":{}}"#)) == nil)
        #expect(MCPAnswer.parse(try json("[]")) == nil)
        let error = try #require(MCPAnswer.parse(try json(#"{"id":null,"error":{"code":-1,"message":"m"}}"#)))
        #expect(error.id == nil)
        #expect(error.answer == .error(code: -1, message: "m", data: .null))
    }
}
