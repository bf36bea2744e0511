import Testing

@testable import LinuxRuntime

@Suite struct GRPCHealthConversationTests {
    private func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, flags, 0, 0, 0, stream] + payload
    }

    private var settings: [UInt8] { frame(4, 0, 0, [0, 3, 0, 0, 0, 100]) }
    private let acknowledgement: [UInt8] = [0, 0, 0, 4, 1, 0, 0, 0, 0]

    private func headers(_ fields: [(String, String)], end: Bool = false) -> [UInt8] {
        frame(1, end ? 5 : 4, 1, fields.flatMap { HeaderBlock.encode($0, $1) })
    }

    private func answer(_ status: [UInt8]) -> [UInt8] {
        frame(0, 0, 1, [0, 0, 0, 0, UInt8(status.count)] + status)
    }

    /// Feeds bytes whole, in every pair of halves, and byte by byte; all must agree.
    private func converse(
        _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
    ) -> GRPCHealthConversation.Step {
        func feed(_ pieces: [ArraySlice<UInt8>]) -> GRPCHealthConversation.Step {
            var conversation = GRPCHealthConversation(authority: "h:1", service: "")
            var total = GRPCHealthConversation.Step()
            for piece in pieces where total.result == nil {
                do throws(ProbeFailure) {
                    let step = try conversation.feed(piece)
                    total.reply += step.reply
                    total.result = step.result
                } catch {
                    total.result = .failed(error.words)
                }
            }
            return total
        }
        let whole = feed([bytes[...]])
        for cut in bytes.indices {
            #expect(feed([bytes[..<cut], bytes[cut...]]) == whole, sourceLocation: sourceLocation)
        }
        #expect(feed(bytes.map { [$0] }) == whole, sourceLocation: sourceLocation)
        return whole
    }

    @Test func opensWithOneCall() {
        let opening = GRPCHealthConversation(authority: "h:1", service: "svc").opening
        let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        #expect(opening.starts(with: preface))
        #expect(Array(opening.suffix(19)) == [0, 0, 10, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 5, 0x0A, 3, 0x73, 0x76, 0x63])
    }

    @Test func passes() {
        let bytes =
            settings + frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]) + frame(8, 0, 0, [0, 0, 1, 0])
            + headers([(":status", "200")]) + answer([8, 1]) + headers([("grpc-status", "0")], end: true)
        let step = converse(bytes)
        #expect(step.result == .passed)
        #expect(step.reply == acknowledgement + [0, 0, 8, 6, 1, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test func readsPaddingPriorityAndContinuations() {
        let status = HeaderBlock.encode(":status", "200")
        let bytes =
            settings + frame(1, 0x28, 1, [2, 0, 0, 0, 0, 9] + status.prefix(4) + [0, 0])
            + frame(9, 4, 1, Array(status.dropFirst(4)))
            + frame(0, 0x08, 1, [3, 0, 0, 0, 0, 2, 8] + [0, 0, 0]) + frame(0, 1, 1, [1])
        #expect(converse(bytes).result == .passed)
    }

    @Test func namesOtherAnswers() {
        let begin = settings + headers([(":status", "200")])
        let end = headers([("grpc-status", "0")], end: true)
        #expect(converse(begin + answer([8, 2]) + end).result == .failed("NOT_SERVING, wanted SERVING"))
        #expect(converse(begin + answer([8, 3]) + end).result == .failed("SERVICE_UNKNOWN, wanted SERVING"))
        #expect(converse(begin + answer([]) + end).result == .failed("UNKNOWN, wanted SERVING"))
        #expect(converse(begin + answer([8, 9]) + end).result == .failed("health status 9, wanted SERVING"))
        #expect(converse(begin + end).result == .failed("the answer holds no health status"))
        #expect(converse(begin + answer([0x0A, 1]) + end).result == .failed("the answer holds no health status"))
        #expect(
            converse(settings + headers([("grpc-status", "7"), ("grpc-message", "no%20way")], end: true)).result
                == .failed("gRPC status 7 PERMISSION_DENIED: no way"))
        #expect(
            converse(settings + headers([(":status", "502")], end: true)).result == .failed("HTTP status 502, no gRPC"))
        #expect(converse(settings + frame(1, 5, 1, [0x8D])).result == .failed("HTTP status 404, no gRPC"))
    }

    @Test func refusesWhatIsNotHTTP2() {
        func refusal(_ bytes: [UInt8]) -> String? {
            var conversation = GRPCHealthConversation(authority: "h:1", service: "")
            do throws(ProbeFailure) {
                _ = try conversation.feed(bytes)
                return nil
            } catch {
                return error.words
            }
        }
        #expect(refusal(Array("HTTP/1.1 400 Bad\r\nA: b\r\n".utf8)) == "not an HTTP/2 server: HTTP/1.1 400 Bad")
        #expect(refusal(settings + frame(3, 0, 1, [0, 0, 0, 7])) == "the server refused the call: HTTP/2 error 7")
        #expect(
            refusal(settings + frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 11]))
                == "the server closes the connection: HTTP/2 error 11")
        #expect(refusal(settings + frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0])) == nil)
        #expect(refusal(settings + frame(9, 4, 1, [])) == "HTTP/2 frames in a forbidden order")
        #expect(refusal(settings + frame(1, 0, 1, []) + settings) == "HTTP/2 frames in a forbidden order")
        #expect(refusal(settings + frame(0, 8, 1, [9, 1])) == "malformed HTTP/2 frame")
        #expect(refusal(settings + [0xFF, 0, 0, 0, 0, 0, 0, 0, 1]) == "an HTTP/2 frame is longer than allowed")
    }

    @Test func boundsWhatItKeeps() {
        var conversation = GRPCHealthConversation(authority: "h:1", service: "")
        #expect(throws: ProbeFailure.self) {
            _ = try conversation.feed(settings + frame(1, 0, 1, []))
            for _ in 0..<1000 { _ = try conversation.feed(frame(9, 0, 1, [UInt8](repeating: 0, count: 1000))) }
        }
        conversation = GRPCHealthConversation(authority: "h:1", service: "")
        #expect(throws: ProbeFailure.self) {
            _ = try conversation.feed(settings)
            for _ in 0..<1000 { _ = try conversation.feed(frame(0, 0, 1, [UInt8](repeating: 0, count: 1000))) }
        }
    }

    @Test func survivesMutations() {
        var random = SeededGenerator(seed: 3)
        let sample =
            settings + headers([(":status", "200")]) + answer([8, 1])
            + frame(1, 5, 1, [0x00, 0x88] + [0x9a, 0xca, 0xc8, 0xb2, 0x12, 0x34, 0xda, 0x8f, 0x01, 0x30])
        var passed = 0
        for _ in 0..<20_000 {
            var conversation = GRPCHealthConversation(authority: "h:1", service: "")
            if let step = try? conversation.feed(random.mutate(sample)), step.result == .passed { passed += 1 }
        }
        #expect(passed > 0)
    }
}

/// The examples of RFC 7541, appendix C.
@Suite struct HeaderBlockTests {
    private func decode(_ hex: String) throws -> [HeaderBlock.Field] {
        let digits = Array(hex.filter { $0 != " " })
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0..<($0 + 2)]), radix: 16)
        }
        return try HeaderBlock.decode(bytes)
    }

    @Test func readsLiterals() throws {
        let field = HeaderBlock.Field(name: "custom-key", value: "custom-header")
        #expect(try decode("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572") == [field])
        #expect(try HeaderBlock.decode(HeaderBlock.encode("custom-key", "custom-header")) == [field])
        let long = String(repeating: "x", count: 5000)
        #expect(try HeaderBlock.decode(HeaderBlock.encode("a", long)) == [HeaderBlock.Field(name: "a", value: long)])
    }

    @Test func readsTheStatus() throws {
        #expect(try decode("88 8d 8e").map(\.value) == ["200", "404", "500"])
        #expect(try decode("48 03 33 30 32") == [HeaderBlock.Field(name: ":status", value: "302")])
        #expect(try decode("4882 6402") == [HeaderBlock.Field(name: ":status", value: "302")])
        // A change of the table's size, and a field of the static table that nothing here asks for.
        #expect(try decode("20 82 88").last == HeaderBlock.Field(name: ":status", value: "200"))
    }

    @Test func readsCompressedStrings() throws {
        #expect(
            try decode("4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")
                == [HeaderBlock.Field(name: "custom-key", value: "custom-value")])
        #expect(
            try decode("00 8c f1e3 c2e5 f23a 6ba0 ab90 f4ff 86 a8eb 1064 9cbf")
                == [HeaderBlock.Field(name: "www.example.com", value: "no-cache")])
    }

    @Test(arguments: [
        "00", "00 05 61", "7f ff ff ff ff ff 01", "00 84 ff ff ff ff 00", "00 81 00 00", "00 82 f8 ff 00",
    ])
    func refuses(hex: String) {
        #expect(throws: ProbeFailure.self) { try decode(hex) }
    }
}
