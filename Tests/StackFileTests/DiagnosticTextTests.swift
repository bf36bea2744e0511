import Testing

@testable import StackFile

@Suite struct DiagnosticTextTests {
    private func text(_ line: String, column: Int) -> String {
        Diagnostic(
            at: SourceLocation(file: "f", line: 1, column: column), "wrong", remedy: "right", sourceLine: line
        ).text
    }

    @Test func form() {
        #expect(text("a: b", column: 4) == "f:1:4: error: wrong; right\na: b\n   ^")
        #expect(Diagnostic(.warning, at: nil, "odd").text == "warning: odd")
        #expect(Diagnostic(at: SourceLocation(file: "f", line: 2, column: 3), "odd").text == "f:2:3: error: odd")
    }

    @Test(arguments: [
        ("\ta: b", 5, "\ta: b\n\t   ^"), ("漢字: b", 5, "漢字: b\n      ^"), ("e\u{301}: b", 5, "e\u{301}: b\n   ^"),
        ("🚀: b", 4, "🚀: b\n    ^"), ("a", 2, "a\n ^"), ("a", 9, "a\n ^"), ("a", 0, "a\n^"), ("", 1, "\n^"),
    ])
    func theCaretStandsUnderThePlace(line: String, column: Int, excerpt: String) {
        #expect(text(line, column: column) == "f:1:\(column): error: wrong; right\n\(excerpt)")
    }

    @Test func aFileCannotDriveTheTerminal() {
        #expect(text("a\u{1B}[31m\u{202E}b", column: 1) == "f:1:1: error: wrong; right\na\u{FFFD}[31m\u{FFFD}b\n^")
        let message = Diagnostic(at: nil, "no \u{1B}[2Jkey\u{7}").text
        #expect(message == "error: no \u{FFFD}[2Jkey\u{FFFD}")
    }

    @Test func aLongLineIsCutAroundThePlace() {
        let line = String(repeating: "a", count: 1000) + "b" + String(repeating: "c", count: 1000)
        let lines = text(line, column: 1001).split(separator: "\n")
        #expect(lines[1].count == 122)
        #expect(lines[2].last == "^")
        #expect(lines[1].prefix(lines[2].count).last == "b")
    }
}
