import Testing

@testable import CommandKit

struct DisplayWidthTests {
    @Test(arguments: [("", 0), ("abc", 3), ("日本", 4), ("e\u{301}", 1), ("🙂", 2), ("a\u{1B}b", 2), ("é", 1)])
    func columns(text: String, expected: Int) {
        #expect(DisplayWidth.columns(of: text) == expected)
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("abc", 1, "…"), ("abc", 0, ""),
    ])
    func fitted(text: String, width: Int, expected: String) {
        let result = DisplayWidth.fitted(text, to: width)
        #expect(result == expected)
        #expect(DisplayWidth.columns(of: result) <= width)
    }

    @Test func textFromElsewhereCannotDriveTheTerminal() {
        #expect(DisplayWidth.singleLine("a\u{1B}[2J\nb\u{9B}c") == "a [2J b c")
    }

    @Test func paddingCountsColumns() {
        #expect(DisplayWidth.padded("日", to: 4) == "日  ")
        #expect(DisplayWidth.padded("long", to: 2) == "long")
    }
}
