@testable import ControlServer
import Testing

@Suite struct LineExpressionTests {
    @Test(arguments: [
        "", "error", "^GET /v1/.* [45][0-9]{2}$", "(a|b)+c?", "[]a]+", "[^]{}]{3}", "[[:alpha:]]{3,}", "a{0}b", "a)b",
        "(.{30}){30}", String(repeating: "a+b*", count: 90), #"\(\[\{\\"#, "[[.].]{999}]", "(x*)*", "ä{3}",
    ])
    func whatCostsLittleIsTaken(text: String) {
        #expect(LineExpression.accepts(text))
    }

    @Test(arguments: [
        // None at all.
        "(", "[a", "a{2,1}", #"\"#, "a\0b",
        // Back references.
        #"(a)\1"#, #"(a)(b)\2+"#,
        // What is written out.
        "a{1001}", "(.{40}){40}", "((a{10}){10}){11}", "a{0}((b{250}){250}){250}", "[{-1}]((b{200}){200}){200}",
        "[{0}]((b{200}){200}){200}", "a{900}b{900}",
        // No number that is counted with may grow beyond its type.
        "a{900}b{9223372036854775807}", "a{9223372036854775807}", "a{99999999999999999999}",
        String(repeating: "(", count: 60) + "a" + String(repeating: "{9})", count: 60),
        // Each `+` of something doubles it.
        String(repeating: "(", count: 20) + "a" + String(repeating: "+)", count: 20),
        "a" + String(repeating: "+", count: 12),
        String(repeating: "(", count: 12) + "a" + String(repeating: "+)?", count: 12),
        String(repeating: "a", count: 1_001),
    ])
    func whatCouldKeepTheDaemonBusyIsNot(text: String) {
        #expect(!LineExpression.accepts(text))
    }
}
