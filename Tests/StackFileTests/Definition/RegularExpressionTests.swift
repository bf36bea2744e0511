import Testing

@testable import StackFile

@Suite struct RegularExpressionTests {
    @Test(arguments: ["a", "^(a|b)+$", "[[:digit:]]{3}", "listening on .*:[0-9]+", "a{2,5}b{3}"])
    func sound(pattern: String) throws {
        try RegularExpression.check(pattern)
    }

    @Test(arguments: ["(", "[a", "a{2,1}", "*a{", "(((a{99}){99}){99})", "a{99999999999999999999}{2}{20000}"])
    func unsound(pattern: String) {
        #expect(throws: RegularExpressionFault.self) { try RegularExpression.check(pattern) }
    }

    @Test func length() throws {
        try RegularExpression.check(String(repeating: "a", count: 1024))
        #expect(throws: RegularExpressionFault.self) {
            try RegularExpression.check(String(repeating: "a", count: 1025))
        }
    }
}
