import Testing

@testable import StackFile

@Suite struct SourceTextsTests {
    private func fault(_ bytes: [UInt8]) -> String? {
        do throws(Diagnostic) {
            _ = try SourceText(file: "f", bytes: bytes)
            return nil
        } catch {
            return "\(error.location.map(\.description) ?? "") \(error.message)"
        }
    }

    @Test func refusesWhatIsNoText() {
        #expect(fault(Array("a\nb".utf8) + [0] + Array("c".utf8)) == "f:2:2 a NUL byte is not allowed in a file")
        #expect(fault([0x61, 0x0A, 0xC3, 0xA9, 0xFF]) == "f:2:2 the file is not valid UTF-8")
        #expect(fault([0x61, 0xED, 0xA0, 0x80]) == "f:1:2 the file is not valid UTF-8")
        #expect(fault([0x1B]) == "f:1:1 control character 27 is not allowed in a file")
        #expect(fault([0xFF, 0xFE, 0x61, 0x00]) == "f:1:1 the file is in UTF-16")
        #expect(fault([0xFE, 0xFF, 0x00, 0x61]) == "f:1:1 the file is in UTF-16")
    }

    @Test func takesByteOrderMarkAndEveryLineBreak() throws {
        let text = try SourceText(file: "f", bytes: [0xEF, 0xBB, 0xBF] + Array("a\r\nb\rc\u{85}d\u{2028}e\nf".utf8))
        #expect((1...7).map { text.line($0) } == ["a", "b", "c", "d", "e", "f", nil])
        let place = text.location(atOffset: text.bytes.count - 1)
        #expect(place == SourceLocation(file: "f", line: 6, column: 1))
        #expect(text.offset(of: place) == text.bytes.count - 1)
    }

    @Test func countsColumnsInCodePoints() throws {
        let text = try SourceText(file: "f", bytes: Array("é🎉x\ny".utf8))
        let place = SourceLocation(file: "f", line: 1, column: 3)
        #expect(text.offset(of: place) == 6)
        #expect(text.location(atOffset: 6) == place)
    }

    @Test func findsDollars() throws {
        let text = try SourceText(file: "f", bytes: Array("a: 'x $ y\n  $'".utf8))
        let start = SourceLocation(file: "f", line: 1, column: 4)
        #expect(text.location(ofDollar: 0, from: start) == SourceLocation(file: "f", line: 1, column: 7))
        #expect(text.location(ofDollar: 1, from: start) == SourceLocation(file: "f", line: 2, column: 3))
        #expect(text.location(ofDollar: 2, from: start) == start)
    }

    @Test func leavesOutLinesThatAreTooLong() throws {
        let text = try SourceText(file: "f", bytes: Array(repeating: 0x61, count: 5000))
        #expect(text.line(1) == nil)
    }

    @Test func charactersThatYAMLRefusesHaveTheirPlace() {
        #expect(loadDocument("a: 1\nb: é\u{80}").faults == ["2:5 error: this character is not allowed in YAML"])
        #expect(loadDocument("a: 1\nb: \u{FFFE}").faults == ["2:4 error: this character is not allowed in YAML"])
    }

    @Test func bytesAndLinesAgreeWithTheParser() {
        // A fault behind every kind of line break that libyaml counts.
        let document = loadDocument("a: 1\r\nb: 2\rc: 3\u{85}d: 4\u{2028}e: $\n")
        #expect(document.faults.first?.hasPrefix("5:4 ") == true)
    }
}
