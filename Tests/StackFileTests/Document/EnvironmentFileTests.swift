import Testing

@testable import StackFile

@Suite struct EnvironmentFileTests {
    private func read(
        _ text: String, format: EnvironmentFile.Format = .standard, outside: [String: String] = [:]
    ) throws -> (variables: [String], faults: [String]) {
        var diagnostics = DiagnosticList()
        let file = EnvironmentFile(
            try SourceText(file: "f", bytes: Array(text.utf8)), format: format, diagnostics: &diagnostics
        ) { outside[$0] }
        let faults = diagnostics.kept.map { "\($0.location?.line ?? 0):\($0.location?.column ?? 0) \($0.message)" }
        return (file.variables.map { "\($0.name)=\($0.value)" }, faults)
    }

    @Test(arguments: [
        ("A=b", "A=b"), ("A = b ", "A=b"), ("A: b", "A=b"), ("A=", "A="), ("  export A=b", "A=b"),
        ("export\tA=b", "A=b"),
        ("exportA=b", "exportA=b"), ("A.B-c=1", "A.B-c=1"), ("A=b=c", "A=b=c"), ("A=1:B", "A=1:B"),
        ("A=b # comment", "A=b"), ("A=b#c", "A=b#c"), ("A=#c", "A="), ("A='b # c' # d", "A=b # c"),
        ("A=\"b # c\"", "A=b # c"),
        ("A='$B \\n'", "A=$$B \\n"), ("A='it\\'s'", "A=it's"), ("A=\"x\\ny\\tz\"", "A=x\ny\tz"),
        ("A=\"say \\\"x\\\"\"", "A=say \"x\""),
        ("A=\"\\$B\"", "A=$$B"), ("A=\"a\\\\n\"", "A=a\\n"), ("A=\"\\q\"", "A=\\q"), ("A=a\\nb", "A=a\\nb"),
        ("A=\"one\ntwo\"", "A=one\ntwo"), ("A='one\ntwo'", "A=one\ntwo"), ("A=b\r\n", "A=b"), ("A=$$5", "A=$$5"),
        ("A=$OUT", "A=out"), ("A=\"${OUT}/x\"", "A=out/x"), ("A=${NO:-d}", "A=d"), ("A=${run_dir}/s", "A=${run_dir}/s"),
        ("OUT", "OUT=out"),
    ])
    func reads(text: String, variable: String) throws {
        let result = try read(text, outside: ["OUT": "out"])
        #expect(result.variables == [variable])
        #expect(result.faults == [])
    }

    @Test func readsManyLines() throws {
        let result = try read("# comment\n\n  # more\nA=1\nB=$A$A\n\nUNKNOWN\nA=2\nC=$A\n", outside: ["A": "outside"])
        #expect(result.variables == ["A=1", "B=11", "A=2", "C=2"])
        #expect(result.faults == [])
    }

    @Test(arguments: [
        ("A=1\nlol$wut\nB=2", ["A=1", "B=2"], "2:4 `=` is expected after the name `lol`"),
        ("=x\nB=2", ["B=2"], "1:1 a variable's name cannot begin like this"),
        ("A b=1\nB=2", ["B=2"], "1:3 `=` is expected after the name `A`"),
        ("A='x\nB=2", [], "1:3 the quote that opens here is not closed"),
        ("A='x' y\nB=2", ["B=2"], "1:7 text follows the closing quote"),
        ("A=é ${B\nB=2", ["A=é ", "B=2"], "1:5 `${B` is not closed"),
        ("A=$NO", ["A="], "1:3 the variable `NO` is not set; the empty text takes its place"),
    ])
    func reports(text: String, variables: [String], fault: String) throws {
        let result = try read(text)
        #expect(result.variables == variables)
        #expect(result.faults == [fault])
    }

    @Test func rawTakesEverythingAsItIs() throws {
        let result = try read("# c\nA='x' # $B\r\nB=$$\nnothing\n", format: .raw)
        #expect(result.variables == ["A='x' # $$B", "B=$$$$"])
        #expect(result.faults == [])
    }

    @Test func expansionIsBounded() throws {
        let text =
            "A0=" + String(repeating: "x", count: 100) + "\n"
            + (1...60).map { "A\($0)=$A\($0 - 1)$A\($0 - 1)\n" }.joined()
        let result = try read(text)
        #expect(result.variables.count < 30)
        #expect(result.variables.reduce(0) { $0 + $1.utf8.count } < 8 << 20)
    }
}
