import Testing

@testable import LinuxRuntime

@Suite struct ExtendedRegexTests {
    private func matches(_ pattern: String, _ text: some Collection<UInt8>) throws -> Bool {
        let regex = try ExtendedRegex(pattern)
        return regex.matches(text)
    }

    @Test func matchesAnywhere() throws {
        let pattern = "listening on (port )?[0-9]+"
        #expect(try matches(pattern, Array("server: listening on port 80.".utf8)))
        #expect(try matches(pattern, Array("listening on 8".utf8)))
        #expect(try !matches(pattern, Array("listening".utf8)))
        #expect(try !matches(pattern, []))
    }

    @Test func matchesLineByLine() throws {
        #expect(try matches("^ok$", Array("status\nok\nend".utf8)))
        #expect(try !matches("^ok$", Array("status ok\n".utf8)))
        #expect(try !matches("a.b", Array("a\nb".utf8)))
        #expect(try matches("^$", []))
    }

    @Test func looksNoFurtherThanTheBytes() throws {
        #expect(try !matches("ab", Array("ab".utf8)[..<1]))
        #expect(try matches("a$", Array("ab".utf8)[..<1]))
    }

    @Test func zerosAreOrdinary() throws {
        #expect(try matches("b$", [0x61, 0, 0x62]))
    }

    @Test func saysWhatIsWrong() {
        let error = #expect(throws: ProbeFailure.self) { try matches("a(b", []) }
        #expect(error?.words == "regular expression a(b: Unmatched ( or \\(")
    }
}
