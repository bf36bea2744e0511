import Testing

@testable import StackFile

@Suite struct SuggestionTests {
    private static let keys = ["command", "environment", "restart", "replicas", "restarts", "ports"]

    @Test(arguments: [
        ("comand", "command"), ("commnad", "command"), ("Command", "command"), ("enviroment", "environment"),
        ("restat", "restart"), ("prots", "ports"), ("port", "ports"), ("replica", "replicas"),
    ])
    func finds(word: String, meant: String) {
        #expect(suggestion(for: word, among: Self.keys) == meant)
    }

    @Test(arguments: ["", "x", "volumes", "healthcheck", String(repeating: "command", count: 1000)])
    func findsNothing(word: String) {
        #expect(suggestion(for: word, among: Self.keys) == nil)
    }

    @Test func theFirstOfTheNearestWins() {
        #expect(suggestion(for: "ab", among: ["ac", "ad"]) == "ac")
        #expect(suggestion(for: "abcd", among: ["abxx", "abce", "abcf"]) == "abce")
    }
}
