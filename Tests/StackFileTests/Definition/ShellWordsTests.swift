import Testing

@testable import StackFile

@Suite struct ShellWordsTests {
    @Test(
        arguments: [
            ("", []), ("  \t\n ", []), ("a", ["a"]), (" a  b\tc\n", ["a", "b", "c"]), ("a\\ b", ["a b"]), ("\\", [""]),
            ("'a b'c", ["a bc"]), ("\"a 'b'\"", ["a 'b'"]), ("'a\\b'", ["a\\b"]),
            ("\"a\\b\\\"\\\\\\$\"", ["a\\b\"\\$"]),
            ("''", [""]), ("a '' b", ["a", "", "b"]), ("a\\\nb", ["ab"]), ("'|' \\| \"&&\"", ["|", "|", "&&"]),
            ("a|b", ["a|b"]), ("\u{FC}\u{308} é", ["\u{FC}\u{308}", "é"]),
        ] as [(String, [String])])
    func split(line: String, words: [String]) throws {
        #expect(try ShellWords.split(line) == words)
    }

    @Test(arguments: [
        ("'a", ShellWords.Fault.unclosedQuote("'")), ("a \"b", .unclosedQuote("\"")), ("a | b", .shellOperator("|")),
        ("a && b", .shellOperator("&&")), ("a > b", .shellOperator(">")), ("a 2>&1", .shellOperator("2>&1")),
        ("a &", .shellOperator("&")), ("a ; b", .shellOperator(";")), ("a; b", .shellOperator(";")),
    ])
    func faults(line: String, fault: ShellWords.Fault) {
        #expect(throws: fault) { try ShellWords.split(line) }
    }
}
