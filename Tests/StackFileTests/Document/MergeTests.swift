import Testing

@testable import StackFile

@Suite struct MergeTests {
    /// The service `s` of files given with `-f`, each the body of the service in flow style.
    private func merged(_ bodies: String...) -> String? {
        let files = Dictionary(uniqueKeysWithValues: bodies.enumerated().map { ("\($0).yaml", "services: {s: \($1)}") })
        let document = loadDocument(files, bodies.indices.map { "\($0).yaml" }, environment: ["OUT": "out"])
        return document.faults.isEmpty ? document.service("s") : document.faults.joined(separator: "\n")
    }

    @Test func mappingsAreMergedAndValuesReplaced() {
        #expect(
            merged("{a: 1, m: {x: 1, y: {z: 1}}}", "{b: 2, m: {y: {z: 2, w: 3}}}")
                == "{a: 1, m: {x: 1, y: {z: 2, w: 3}}, b: 2}")
        #expect(merged("{a: 1}", "{a: 2}", "{a: 3}") == "{a: 3}")
        #expect(merged("{restart: always}", "{restart: {policy: no}}") == "{restart: {policy: no}}")
        #expect(merged("{restart: {policy: no}}", "{restart: always}") == "{restart: always}")
        #expect(merged("{a: {b: 1}, c: 1}", "{a: , c: }") == "{a: {b: 1}, c: 1}")
    }

    @Test func listsAreAppendedWithoutRepetition() {
        #expect(merged("{group_add: [a, b]}", "{group_add: [b, c]}") == "{group_add: [a, b, c]}")
        #expect(merged("{m: [{x: 1}]}", "{m: [{x: 1}]}") == "{m: [{x: 1}, {x: 1}]}")
    }

    @Test(arguments: ["command", "entrypoint", "pre_stop"])
    func commandsAreReplaced(key: String) {
        #expect(merged("{\(key): [a, b]}", "{\(key): [c]}") == "{\(key): [c]}")
        #expect(merged("{\(key): a b}", "{\(key): [c]}") == "{\(key): [c]}")
    }

    @Test func commandsOfChecksAreReplaced() {
        #expect(
            merged("{healthcheck: {test: [a], retries: 1}}", "{healthcheck: {test: [b]}}")
                == "{healthcheck: {test: [b], retries: 1}}")
        #expect(
            merged("{probes: {readiness: {exec: [a], period: 1s}}}", "{probes: {readiness: {exec: [b]}}}")
                == "{probes: {readiness: {exec: [b], period: 1s}}}")
    }

    @Test func aProbeOfAnotherKindTakesThePlace() {
        #expect(
            merged("{probes: {readiness: {tcp: 80, period: 1s}}}", "{probes: {readiness: {http: {port: 80}}}}")
                == "{probes: {readiness: {period: 1s, http: {port: 80}}}}")
        #expect(
            merged("{probes: {readiness: {http: {port: 80}}}}", "{probes: {readiness: {http: {path: /x}}}}")
                == "{probes: {readiness: {http: {port: 80, path: /x}}}}")
    }

    @Test func environmentsAreMergedInBothForms() {
        let result = "{environment: {A: 2, B: 1, C: 3}}"
        #expect(merged("{environment: {A: 1, B: 1}}", "{environment: {A: 2, C: 3}}") == result)
        #expect(
            merged("{environment: [A=1, B=1]}", "{environment: {A: 2, C: 3}}") == "{environment: {A: 2, B: '1', C: 3}}")
        #expect(
            merged("{environment: {A: 1, B: 1}}", "{environment: [A=2, C=x=y]}")
                == "{environment: {A: '2', B: 1, C: 'x=y'}}")
        #expect(merged("{environment: [A=1, A=2]}", "{environment: [B=]}") == "{environment: {A: '2', B: ''}}")
        #expect(merged("{environment: {OUT: 1}}", "{environment: {OUT: }}") == "{environment: {OUT: 'out'}}")
        #expect(merged("{environment: {OUT: 1}}", "{environment: [OUT]}") == "{environment: {OUT: 'out'}}")
        // A variable may have the name of a key that is merged in a way of its own.
        #expect(merged("{environment: {command: a}}", "{environment: {command: b}}") == "{environment: {command: b}}")
    }

    @Test func dependenciesAreMergedInBothForms() {
        #expect(merged("{depends_on: [a, b]}", "{depends_on: [b, c]}") == "{depends_on: {a: {}, b: {}, c: {}}}")
        #expect(
            merged("{depends_on: {a: {condition: service_healthy}}}", "{depends_on: [a, b]}")
                == "{depends_on: {a: {condition: service_healthy}, b: {}}}")
        #expect(
            merged("{depends_on: [command]}", "{depends_on: {command: {condition: service_started}}}")
                == "{depends_on: {command: {condition: service_started}}}")
    }

    @Test func resetTakesAway() {
        #expect(
            merged(
                "{ports: {a: 1}, x: 1, environment: {A: 1, B: 2}}", "{ports: !reset {}, environment: {A: !reset null}}")
                == "{x: 1, environment: {B: 2}}")
        #expect(merged("{a: !reset 1, b: 2}") == "{b: 2}")
        #expect(merged("{a: {b: 1}}", "{a: !reset }", "{a: {c: 1}}") == "{a: {c: 1}}")
        #expect(merged("{l: [a, !reset b, c]}") == "{l: [a, c]}")
    }

    @Test func overrideReplaces() {
        #expect(merged("{a: {x: 1}, l: [1]}", "{a: !override {y: 2}, l: !override [2]}") == "{a: {y: 2}, l: [2]}")
        #expect(merged("{a: {x: 1}}", "{a: !override {y: 2}}", "{a: {z: 3}}") == "{a: {y: 2, z: 3}}")
    }

    @Test func documentsOfOneFileAreMerged() {
        let document = loadDocument("services: {s: {a: 1}}\n---\nservices: {s: {b: 2}}\n---\n")
        #expect(document.service("s") == "{a: 1, b: 2}")
        #expect(document.faults == [])
    }

    @Test func aValueStandsWhereItWasSetLast() {
        let document = loadDocument(
            ["a.yaml": "services: {s: {x: 1}}", "b.yaml": "services:\n  s: {x: 2}"], ["a.yaml", "b.yaml"])
        #expect(document.root["services"]?["s"]?["x"]?.location == SourceLocation(file: "b.yaml", line: 2, column: 10))
    }

    @Test func servicesMayBeNamedLikeKeys() {
        let document = loadDocument(
            [
                "a": "services: {command: {x: 1}, environment: {y: 1}}",
                "b": "services: {command: {z: 1}, environment: {z: 1}}",
            ], ["a", "b"])
        #expect(document.text == "{services: {command: {x: 1, z: 1}, environment: {y: 1, z: 1}}}")
    }
}
