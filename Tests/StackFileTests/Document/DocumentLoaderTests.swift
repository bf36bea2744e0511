import Testing

@testable import StackFile

@Suite struct DocumentLoaderTests {
    @Test(arguments: [
        ("", "1:1 error: the file is empty; begin with `services:`"),
        ("# nothing\n---\n", "1:1 error: the file is empty; begin with `services:`"),
        ("- a", "1:1 error: a stack file is a mapping, and this is a list; begin with `services:`"),
        ("text", "1:1 error: a stack file is a mapping, and this is a single value; begin with `services:`"),
    ])
    func refusesWhatIsNoStack(text: String, fault: String) {
        let document = loadDocument(text)
        #expect(document.faults == [fault])
        #expect(document.text == "{}")
    }

    @Test func reportsFilesThatCannotBeRead() {
        #expect(loadDocument([:]).faults == ["error: there is no file `stack.yaml`"])
        let large = String(repeating: "# comment\n", count: 1 << 20)
        #expect(loadDocument(large).faults == ["error: the file `stack.yaml` is larger than 4 MiB"])
    }

    @Test func readsOnAfterAFileWithFaults() {
        let document = loadDocument(["a": "a: [\n", "b": "b: $"], ["a", "b", "c"])
        #expect(
            document.faults == [
                "a:1:5 error: a value is missing before this",
                "b:1:4 error: a single `$` begins a variable; write `$$` for a dollar sign",
                "error: there is no file `c`",
            ])
        #expect(document.text == "{b: $$}")
    }

    @Test func theDirectoryIsThatOfTheFirstFile() {
        #expect(
            loadDocument(["/srv/shop/a.yaml": "x: 1", "b": "y: 1"], ["/srv/shop/a.yaml", "b"]).directory == "/srv/shop")
        #expect(loadDocument("x: 1").directory == ".")
        #expect(loadDocument(["/a": "x: 1"], ["/a"]).directory == "/")
    }

    @Test func takesWindowsLineEndsAndByteOrderMark() {
        let document = loadDocument("\u{FEFF}a: 1\r\nb:\r\n  - x\r\n")
        #expect(document.faults == [])
        #expect(document.text == "{a: 1, b: [x]}")
    }

    @Test func reportsEachFaultOnce() {
        let document = loadDocument(["a": "x: $"], ["a", "a"])
        #expect(document.faults.count == 1)
    }

    @Test func showsTheSourceLine() throws {
        let document = loadDocument("a: 1\nb: x $ y\n")
        let fault = try #require(document.diagnostics.finished(with: document.sources).first)
        #expect(fault.sourceLine == "b: x $ y")
    }
}
