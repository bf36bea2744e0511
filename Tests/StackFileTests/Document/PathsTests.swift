import Testing

@testable import StackFile

@Suite struct PathsTests {
    @Test(arguments: [
        ("a", "b", "a/b"), (".", "b", "b"), ("a", "../b", "b"), ("a", "../../b", "../b"), ("a", "/b", "/b"),
        ("/", "b", "/b"),
        ("/a", "../../b", "/b"), ("a/", "./b//c/.", "a/b/c"), ("a", "..", "."), ("..", "..", "../.."),
    ])
    func joins(directory: String, path: String, result: String) {
        #expect(Paths.join(directory, path) == result)
    }

    @Test func findsDirectories() {
        #expect(Paths.directory(of: "a") == ".")
        #expect(Paths.directory(of: "a/b/c") == "a/b")
        #expect(Paths.directory(of: "/a") == "/")
        #expect(Paths.directory(of: "-") == ".")
    }

    @Test func tellsRelativePaths() {
        #expect(Paths.isRelative("a") && Paths.isRelative("./a") && Paths.isRelative("$$a"))
        #expect(
            !Paths.isRelative("/a") && !Paths.isRelative("")
                && !Paths.isRelative("${run_dir}/a"))
    }
}
