import Testing

@testable import LinuxRuntime

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: text.utf8) }

    @Test func readsValues() throws {
        let value = try parse(#" {"a": [1, -2.5e1, true, false, null, "x"], "b": {}, "c": []} "#)
        #expect(value["a"] == .array([.number(1), .number(-25), .bool(true), .bool(false), .null, .string("x")]))
        #expect(value["b"] == .object([:]))
        #expect(value["c"]?.array == [])
        #expect(value["d"] == nil)
        #expect(value["a"]?.array?.first?.integer == 1)
        #expect(value["a"]?.array?[1].integer == -25)
        #expect(JSON.number(1.5).integer == nil)
        #expect(JSON.number(1e300).integer == nil)
    }

    @Test func readsEscapes() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#) == .string("\"\\/\u{8}\u{C}\n\r\té😀"))
    }

    @Test func quotesWhatItReads() throws {
        let text = "\"\\\n\u{1}\u{1f}é😀/"
        #expect(JSON.quoted("\n") == #""\u000a""#)
        #expect(try parse(JSON.quoted(text)) == .string(text))
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "+1", "01", "1.", ".5", "1e", "-", "[1,]", "[1 2]", "[", "{", "{\"a\"}", "{\"a\":}",
        "{a:1}",
        "{\"a\":1,}", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u+123\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
        "\"\u{1}\"", "1 1", "[]]", "\u{FEFF}1", "NaN",
    ])
    func refuses(text: String) {
        #expect(throws: ProbeFailure.self) { try parse(text) }
    }

    @Test func refusesMalformedUTF8() {
        #expect(throws: ProbeFailure.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test func boundsDepthAndCount() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try parse(nested(64))
        let deep = #expect(throws: ProbeFailure.self) { try parse(nested(65)) }
        #expect(deep?.words == "malformed JSON: nested more than 64 deep at byte 64")
        #expect(throws: ProbeFailure.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        let many = "[" + String(repeating: "0,", count: 100_000) + "0]"
        #expect(throws: ProbeFailure.self) { try parse(many) }
    }

    /// Whatever arrives, reading ends; and what was read can be written and read again.
    @Test func survivesMutations() {
        var random = SeededGenerator(seed: 2)
        let sample = Array(
            #"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a\u00e9\n","x":[1.5e3,true,null]}]}}"#.utf8)
        var accepted = 0
        for _ in 0..<20_000 {
            if let value = try? JSON(parsing: random.mutate(sample)) {
                accepted += 1
                if let name = value["result"]?["tools"]?.array?.first?["name"]?.string {
                    #expect((try? parse(JSON.quoted(name))) == .string(name))
                }
            }
        }
        #expect(accepted > 100)
    }
}
