import Testing

@testable import CommandKit

struct StackFileSearchTests {
    @Test func directoriesAboveAPath() {
        #expect(StackFileSearch.directories(above: "/a/b/c") == ["/a/b", "/a", ""])
        #expect(StackFileSearch.directories(above: "/") == [""])
    }

    @Test func theCommandLineWinsOverTheEnvironment() throws {
        let search = StackFileSearch(environment: ["STACK_FILE": "/one.yaml:two.yaml"])
        #expect(try search.files(named: []) == ["/one.yaml", "two.yaml"])
        #expect(try search.files(named: ["x"]) == ["x"])
    }
}
