import Testing

@testable import StackFile

@Suite struct EnvironmentTests {
    private func environment(_ service: String, _ files: [String: String] = [:], outside: [String: String] = [:])
        -> String
    {
        let files = files.merging(["stack.yaml": "services: {s: \(service)}"]) { first, _ in first }
        let document = loadDocument(files, environment: outside)
        return document.faults.isEmpty ? document.service("s") ?? "" : document.faults.joined(separator: "\n")
    }

    @Test func filesGiveVariablesThatTheEnvironmentOverrides() {
        let files = ["a": "A=a\nB=a\nC=a\n", "b": "B=b\nD=$A-$C\n"]
        #expect(environment("{env_file: a}", files) == "{environment: {A: 'a', B: 'a', C: 'a'}}")
        #expect(
            environment("{environment: {C: own}, env_file: [a, {path: b}]}", files, outside: ["A": "outside"])
                == "{environment: {C: own, A: 'a', B: 'b', D: 'outside-own'}}")
        #expect(
            environment("{environment: [A=own], env_file: [a]}", files) == "{environment: {A: 'own', B: 'a', C: 'a'}}")
    }

    @Test func anEnvironmentOfItsOwnStaysAsItIs() {
        #expect(environment("{environment: [A=1]}") == "{environment: [A=1]}")
        #expect(environment("{environment: {A: 1}}") == "{environment: {A: 1}}")
        #expect(environment("{environment: 5}") == "{environment: 5}")
    }

    @Test func variablesWithoutValueComeFromOutside() {
        #expect(environment("{environment: [A, B]}", outside: ["A": "$x"]) == "{environment: {A: '$$x'}}")
        #expect(
            environment("{environment: {A: , B: , C: 1}}", [".env": "B=file"]) == "{environment: {B: 'file', C: 1}}")
        // What is taken from outside and is not there is not set, whatever a file says.
        #expect(environment("{environment: [A], env_file: a}", ["a": "A=1\nB=2"]) == "{environment: {B: '2'}}")
    }

    @Test func filesMayBeOptionalOrRaw() {
        #expect(environment("{env_file: [{path: none, required: false}]}") == "{environment: {}}")
        #expect(environment("{env_file: [{path: a, format: raw}]}", ["a": "A='$B'"]) == "{environment: {A: ''$$B''}}")
    }

    @Test(arguments: [
        ("{env_file: none}", "1:26 error: there is no file `none`"),
        ("{env_file: [{required: false}]}", "1:27 error: no file is named here; write `path: FILE`"),
        ("{env_file: [{path: a, required: maybe}]}", "1:47 error: `required` is `true` or `false`"),
        (
            "{env_file: [{path: a, format: json}]}",
            "1:45 error: the format of an `env_file` can only be `raw`; leave it out for the usual format"
        ),
        (
            "{env_file: [{path: a, formt: raw}]}",
            "1:37 error: `formt` is not known in `env_file`; did you mean `format`?"
        ),
        ("{env_file: [[a]]}", "1:27 error: `env_file` takes a path, and this is a list"),
        ("{env_file: bad}", "bad:2:3 error: `=` is expected after the name `B`; write `B=VALUE`"),
    ])
    func reports(service: String, fault: String) {
        #expect(environment(service, ["a": "A=1", "bad": "A=1\nB c\n"]) == fault)
    }

    @Test func variablesStandWhereTheirFileSetsThem() {
        let document = loadDocument(["stack.yaml": "services: {s: {env_file: a}}", "a": "# x\n  A=1\n"])
        #expect(
            document.root["services"]?["s"]?["environment"]?["A"]?.location
                == SourceLocation(file: "a", line: 2, column: 3))
    }

    @Test func manyServicesWithALargeFileAreBounded() {
        let file = (0..<5000).map { "A\($0)=\n" }.joined()
        let services = (0..<1000).map { "s\($0): {env_file: a}" }.joined(separator: ", ")
        let faults = loadDocument(["stack.yaml": "services: {\(services)}", "a": file]).faults
        #expect(faults.contains { $0.contains("the stack gets too large here") })
        #expect(faults.count <= 2)
    }
}
