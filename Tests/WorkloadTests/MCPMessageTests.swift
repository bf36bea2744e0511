import FoundationEssentials
import Testing

@testable import ModelContextProtocol

@Suite struct MCPMessageTests {
    private func message(_ text: String) throws(Rejection) -> Message {
        try Message(parsing: Data(text.utf8))
    }

    @Test func requestsNotificationsAndResponsesAreToldApart() throws {
        #expect(
            try message(#"{"jsonrpc": "2.0", "id": "a", "method": "m", "params": {"x": [1, 2.5, null, true]}}"#)
                == .request(
                    Request(
                        id: .string("a"), method: "m",
                        params: ["x": [1, .number(2.5), .null, true]])))
        #expect(try message(#"{"jsonrpc": "2.0", "method": "m"}"#) == .notification(method: "m", params: [:]))
        #expect(try message(#"{"jsonrpc": "2.0", "id": 1, "result": {}}"#) == .response)
    }

    @Test(arguments: [
        (#"{"#, nil, ProtocolError.parseErrorCode),
        (#"[{"jsonrpc": "2.0", "id": 1, "method": "m"}]"#, nil, ProtocolError.invalidRequestCode),
        (#""text""#, nil, ProtocolError.invalidRequestCode),
        (#"{"id": 1, "method": "m"}"#, 1, ProtocolError.invalidRequestCode),
        (#"{"jsonrpc": "2.0", "id": 1, "method": 5}"#, 1, ProtocolError.invalidRequestCode),
        (#"{"jsonrpc": "2.0", "id": 1, "method": "m", "params": []}"#, 1, ProtocolError.invalidRequestCode),
        (#"{"jsonrpc": "2.0", "id": null, "method": "m"}"#, nil, ProtocolError.invalidRequestCode),
        (#"{"jsonrpc": "2.0", "id": 1}"#, 1, ProtocolError.invalidRequestCode),
    ])
    func whatIsNoMessageIsRejected(text: String, id: Int?, code: Int) {
        let rejection = #expect(throws: Rejection.self) { try message(text) }
        #expect(rejection?.id == id.map(RequestID.integer))
        #expect(rejection?.error.code == code)
    }

    @Test func aReplyIsOneLineWithSortedKeys() {
        let reply = Reply.result(.integer(1), ["b": "line\nbreak", "a": "a/b"])
        #expect(
            String(decoding: reply.encoded(), as: UTF8.self)
                == #"{"id":1,"jsonrpc":"2.0","result":{"a":"a/b","b":"line\nbreak"}}"#)
        let error = Reply.error(nil, .parseError)
        #expect(
            String(decoding: error.encoded(), as: UTF8.self)
                == #"{"error":{"code":-32700,"message":"Parse error"},"id":null,"jsonrpc":"2.0"}"#)
    }

    @Test(arguments: [
        ("plain", "plain"), ("=?base64?Z3LDvMOfZQ==?=", "grüße"), ("=?base64?/w==?=", nil), ("=?base64?%?=", nil),
        ("=?base64?", "=?base64?"),
    ])
    func aHeadersValueMayBeEncoded(value: String, decoded: String?) {
        #expect(HeaderRules.decoded(value) == decoded)
    }
}

@Suite struct SessionStoreTests {
    private let start = ContinuousClock.now

    @Test func aSessionIsKnownUntilItIsClosed() {
        var store = SessionStore()
        let id = store.open(version: "2025-11-25", now: start)
        #expect(id.count == 32)
        #expect(store.use(id, now: start) == "2025-11-25")
        #expect(store.close(id) == true)
        #expect(store.close(id) == false)
        #expect(store.use(id, now: start) == nil)
    }

    @Test func aSessionEndsWhenItIsUnusedForItsLifetime() {
        var store = SessionStore()
        let id = store.open(version: "2025-11-25", now: start)
        let almost = start + SessionStore.lifetime - .seconds(1)
        #expect(store.use(id, now: almost) != nil)
        #expect(store.use(id, now: almost + SessionStore.lifetime - .seconds(1)) != nil)
        #expect(store.use(id, now: almost + SessionStore.lifetime * 3) == nil)
    }

    @Test func theOneUnusedForTheLongestMakesRoom() {
        var store = SessionStore()
        let ids = (0..<SessionStore.capacity).map { store.open(version: "v", now: start + .milliseconds($0)) }
        #expect(store.use(ids[0], now: start + .seconds(5)) != nil)
        let newest = store.open(version: "v", now: start + .seconds(6))
        #expect(store.use(ids[1], now: start + .seconds(6)) == nil)
        #expect(store.use(ids[0], now: start + .seconds(6)) != nil)
        #expect(store.use(newest, now: start + .seconds(6)) != nil)
    }
}
