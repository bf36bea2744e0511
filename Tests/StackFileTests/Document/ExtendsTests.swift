import Testing

@testable import StackFile

@Suite struct ExtendsTests {
    @Test func laysAServiceOverAnother() {
        let document = loadDocument(
            """
            services:
              base: {command: [a], environment: [A=1, B=1], ports: {x: 1}}
              one: {extends: base, command: [b], environment: {B: 2}}
              two: {extends: {service: one}, ports: !reset null}
            """)
        #expect(document.faults == [])
        #expect(document.service("base") == "{command: [a], environment: [A=1, B=1], ports: {x: 1}}")
        #expect(document.service("one") == "{command: [b], environment: {A: '1', B: 2}, ports: {x: 1}}")
        #expect(document.service("two") == "{command: [b], environment: {A: '1', B: 2}}")
    }

    @Test func takesServicesFromOtherFiles() {
        let document = loadDocument(
            [
                "top/stack.yaml":
                    "services: {web: {extends: {file: common/base.yaml, service: web}, env_file: own.env}}",
                "top/common/base.yaml": """
                include: [none.yaml]
                services:
                  web: {extends: {file: ../deep/root.yaml, service: root}, working_dir: $DIR, env_file: base.env}
                """,
                "top/deep/root.yaml": "services: {root: {command: run, working_dir: never, listen: {a: 'unix:s'}}}",
                "top/.env": "DIR=here", "top/own.env": "A=own", "top/common/base.env": "A=base\nB=base",
            ], ["top/stack.yaml"])
        #expect(document.faults == [])
        #expect(
            document.service("web")
                == "{command: run, working_dir: common/here, listen: {a: 'unix:deep/s'}, environment: {A: 'own', B: 'base'}}"
        )
    }

    @Test func tagsReachTheFilesBefore() {
        let document = loadDocument(
            [
                "a": "services: {base: {x: 1}, s: {ports: {p: 1}, l: [1]}}",
                "b": "services: {s: {extends: base, ports: !reset null, l: !override [2]}}",
            ], ["a", "b"])
        #expect(document.faults == [])
        #expect(document.service("s") == "{l: [2], x: 1}")
    }

    @Test func aTagOfTheWholeServiceIsAboutTheFilesBefore() {
        let document = loadDocument(
            ["a": "services: {base: {x: 1}, s: {y: 1}}", "b": "services: {s: !override {extends: base, z: 1}}"],
            ["a", "b"])
        #expect(document.service("s") == "{x: 1, z: 1}")
    }

    @Test func includedServicesCanBeExtended() {
        let document = loadDocument([
            "stack.yaml": "include: [o]\nservices: {s: {extends: base}}", "o": "services: {base: {command: x}}",
        ])
        #expect(document.faults == [])
        #expect(document.service("s") == "{command: x}")
    }

    @Test(arguments: [
        ("{s: {extends: bsae}, base: {}}", "1:25 error: there is no service `bsae` to extend; did you mean `base`?"),
        ("{s: {extends: {file: o, service: nothing}}}", "1:44 error: there is no service `nothing` to extend"),
        ("{s: {extends: {file: none, service: base}}}", "1:47 error: there is no file `none`"),
        ("{s: {extends: {file: o}}}", "1:25 error: `extends` names no service; write `service: NAME`"),
        (
            "{s: {extends: [base]}}",
            "1:25 error: `extends` names one service, and this is a list; write `extends: NAME`, or `extends: {file: FILE, service: NAME}`"
        ),
        (
            "{s: {extends: {service: [x]}}}",
            "1:35 error: `service` is a single value, and this is a list\n1:25 error: `extends` names no service; write `service: NAME`"
        ),
        (
            "{s: {extends: {service: t, fiel: o}}, t: {}}",
            "1:38 error: `fiel` is not known in `extends`; did you mean `file`?"
        ),
        (
            "{s: {extends: s}}",
            "1:25 error: services extend each other: s (stack.yaml) → s (stack.yaml); remove one `extends`"
        ),
        (
            "{a: {extends: b}, b: {extends: c}, c: {extends: b}}",
            "1:42 error: services extend each other: b (stack.yaml) → c (stack.yaml) → b (stack.yaml); remove one `extends`"
        ),
        (
            "{s: {extends: {file: stack.yaml, service: s}}}",
            "1:25 error: services extend each other: s (stack.yaml) → s (stack.yaml); remove one `extends`"
        ),
    ])
    func reports(services: String, fault: String) {
        let document = loadDocument(["stack.yaml": "services: " + services, "o": "services: {base: {}}"])
        #expect(document.faults.joined(separator: "\n") == fault)
    }

    @Test func cyclesThroughFilesAreFound() {
        let document = loadDocument([
            "stack.yaml": "services: {s: {extends: {file: o, service: t}}}",
            "o": "services: {t: {extends: {file: stack.yaml, service: s}}}",
        ])
        #expect(document.faults.count == 1)
        #expect(document.faults.first?.contains("s (stack.yaml) → t (o) → s (stack.yaml)") == true)
    }

    @Test func chainsAndGrowthAreBounded() {
        let chain = (0..<100).map { "s\($0): {extends: s\($0 + 1)}" }.joined(separator: ", ")
        let faults = loadDocument("services: {\(chain), s100: {}}").faults
        #expect(faults.contains { $0.hasSuffix("services extend each other more than 32 deep") })

        let list = Array(repeating: "x", count: 1000).joined(separator: ", ")
        let many = (0..<1000).map { "s\($0): {extends: base}" }.joined(separator: ", ")
        let grown = loadDocument("services: {base: {l: [\(list)]}, \(many)}").faults
        #expect(grown.count == 1)
        #expect(grown.first?.contains("the stack gets too large here") == true)
    }
}
