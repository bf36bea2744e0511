import Testing

@testable import StackFile

@Suite struct IncludeTests {
    @Test func takesServicesOver() {
        let document = loadDocument([
            "stack.yaml": "include: [other.yaml]\nservices: {web: {command: a}}",
            "other.yaml": "name: other\nx-a: 1\nservices: {db: {command: b}}",
        ])
        #expect(document.faults == [])
        #expect(document.text == "{services: {web: {command: a}, db: {command: b}}}")
    }

    @Test func pathsStartFromTheIncludedDirectory() {
        let document = loadDocument(
            [
                "top/stack.yaml": "include: [parts/db/stack.yaml]",
                "top/parts/db/stack.yaml": """
                include: [../cache/stack.yaml]
                services:
                  db:
                    working_dir: data
                    env_file: [db.env]
                    listen: {a: "unix:sock", b: ./sock, c: 127.0.0.1:1, d: "unix:${run_dir}/s", e: {address: "unix:x"}, f: "unix-dgram:y", g: "unix-dgram:@y"}
                    probes: {readiness: {unix: sock}}
                  plain: {command: ./run}
                  absolute: {working_dir: /var}
                  own: {working_dir: "${state_dir}/x"}
                """,
                "top/parts/db/db.env": "A=1",
                "top/parts/cache/stack.yaml": "services: {cache: {command: x}}",
            ], ["top/stack.yaml"])
        #expect(document.faults == [])
        #expect(document.directory == "top")
        #expect(
            document.service("db")
                == "{working_dir: parts/db/data, listen: {a: 'unix:parts/db/sock', b: unix:parts/db/sock, c: 127.0.0.1:1, "
                + "d: 'unix:${run_dir}/s', e: {address: 'unix:parts/db/x'}, f: 'unix-dgram:parts/db/y', "
                + "g: 'unix-dgram:@y'}, probes: {readiness: {unix: parts/db/sock}}, "
                + "environment: {A: '1'}}")
        #expect(document.service("plain") == "{command: ./run, working_dir: 'parts/db'}")
        #expect(document.service("absolute") == "{working_dir: /var}")
        #expect(document.service("own") == "{working_dir: '${state_dir}/x'}")
        #expect(document.service("cache") == "{command: x, working_dir: 'parts/cache'}")
    }

    @Test func theLongFormHasItsOwnDirectoryFilesAndVariables() {
        let document = loadDocument([
            "stack.yaml": """
            include:
              - path: [sub/a.yaml, b.yaml]
                project_directory: elsewhere
                env_file: [one.env, two.env]
            """,
            "sub/a.yaml": "services: {s: {command: a, x: $A $B}}",
            "b.yaml": "services: {s: {command: $C}}",
            "one.env": "A=1\nB=1\nC=c\n", "two.env": "B=2\n", ".env": "A=own\n",
            "elsewhere/.env": "C=wrong\n",
        ])
        #expect(document.faults == [])
        #expect(document.service("s") == "{command: c, x: own 2, working_dir: 'elsewhere'}")
    }

    @Test func theEnvironmentFileBesideItGivesDefaults() {
        let document = loadDocument([
            "stack.yaml": "include: [sub/a.yaml]\nx: ${A:-none}",
            "sub/a.yaml": "services: {s: {environment: [A, B=$B]}}",
            "sub/.env": "A=1\nB=1\n", ".env": "B=2\n",
        ])
        #expect(document.service("s") == "{environment: {A: '1', B: '2'}, working_dir: 'sub'}")
        #expect(document.root["x"]?.text == "none")
    }

    @Test func aFurtherFileMayChangeWhatIsIncluded() {
        let document = loadDocument(
            ["a": "include: [o]", "o": "services: {s: {command: a}}", "b": "services: {s: {command: b}}"], ["a", "b"])
        #expect(document.service("s") == "{command: b}")
    }

    @Test func theSameServiceTwiceIsNoConflict() {
        let document = loadDocument([
            "stack.yaml": "include: [a, b]", "a": "include: [c]", "b": "include: [c]",
            "c": "services: {s: {command: x}}",
        ])
        #expect(document.faults == [])
        #expect(document.service("s") == "{command: x}")
    }

    @Test(arguments: [
        (
            "include: [o]\nservices: {s: {command: b}}",
            "2:12 error: `s` is included already, from o:1:12; rename one of the two, or change it in a further file given with `-f`"
        ),
        ("include: [none]", "1:11 error: there is no file `none`"),
        ("include: o", "1:10 error: `include` is a list of files, and this is a single value; write `include: [FILE]`"),
        ("include: [[o]]", "1:11 error: `include` lists files, and this is a list"),
        (
            "include: [{path: [[o]]}]",
            "1:19 error: `path` takes a path, and this is a list\n1:11 error: no file is named here; write `path: FILE`"
        ),
        (
            "include: [{paht: o}]",
            "1:12 error: `paht` is not known in `include`; did you mean `path`?\n1:11 error: no file is named here; write `path: FILE`"
        ),
        (
            "include: [stack.yaml]",
            "1:11 error: files include each other: stack.yaml → stack.yaml; remove one of these includes"
        ),
        (
            "include: [./cycle]",
            "cycle:1:11 error: files include each other: stack.yaml → cycle → stack.yaml; remove one of these includes"
        ),
        ("include: [{path: o, env_file: none.env}]", "1:31 error: there is no file `none.env`"),
        (
            "include: ['${run_dir}/o']",
            "1:11 error: `${run_dir}` cannot stand in `include`; it has a value only for each replica, when stackd starts it\n1:11 error: there is no file `/o`"
        ),
    ])
    func reports(text: String, fault: String) {
        let document = loadDocument([
            "stack.yaml": text, "o": "services: {s: {command: a}}", "cycle": "include: [stack.yaml]",
        ])
        #expect(document.faults.joined(separator: "\n") == fault)
    }

    @Test func sectionsThatThereAreNotAreKeptForTheirFault() {
        let document = loadDocument(["stack.yaml": "include: [o]", "o": "volumes: {v: {}}\ntext: 1"])
        #expect(document.text == "{volumes: {v: {}}, text: 1}")
    }

    @Test func depthAndNumberAreBounded() {
        var chain = ["stack.yaml": "include: ['0']"]
        for index in 0..<30 { chain["\(index)"] = "include: ['\(index + 1)']" }
        #expect(loadDocument(chain).faults == ["15:1:11 error: files include each other more than 16 deep"])

        // Every level includes the next one twice over.
        var diamonds = ["stack.yaml": "include: [a0, b0]"]
        for index in 0..<13 {
            diamonds["a\(index)"] = "include: [a\(index + 1), b\(index + 1)]"
            diamonds["b\(index)"] = "include: [a\(index + 1), b\(index + 1)]"
        }
        diamonds["a13"] = "x-a: 1"
        diamonds["b13"] = "x-b: 1"
        let faults = loadDocument(diamonds).faults
        #expect(faults.count == 1)
        #expect(faults.first?.hasSuffix("the stack refers to more than 256 files") == true)
    }
}
