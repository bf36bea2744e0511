import Testing

@testable import StackFile

@Suite struct ProfilesTests {
    private static let text = """
        services:
          foo: {a: 1}
          bar: {profiles: [test]}
          baz: {depends_on: [bar], profiles: [test]}
          zot: {depends_on: [bar], profiles: [debug]}
        """

    private func services(_ profiles: Set<String>, environment: [String: String] = [:]) -> Document {
        loadDocument(["stack.yaml": Self.text], environment: environment, profiles: profiles)
    }

    @Test func servicesOfInactiveProfilesAreLeftOut() {
        #expect(services([]).text == "{services: {foo: {a: 1}}}")
        #expect(services(["test"]).text == "{services: {foo: {a: 1}, bar: {}, baz: {depends_on: [bar]}}}")
        #expect(services(["test", "debug"]).root["services"]?.entries.count == 4)
        #expect(services(["*"]).faults == [])
        #expect(services(["*"]).root["services"]?.entries.count == 4)
    }

    @Test func aDependencyOnOneOfThemIsAFault() {
        let document = services(["debug"])
        #expect(
            document.faults == [
                "5:22 error: `bar` is only there with the profile `test`; activate it with `--profile test`, or give this service that profile too"
            ])
        #expect(document.service("zot") == "{depends_on: []}")
    }

    @Test func unlessItIsNotRequired() {
        let document = loadDocument(
            "services: {a: {depends_on: {b: {required: false}, c: {}}}, b: {profiles: [x]}, c: {}}")
        #expect(document.faults == [])
        #expect(document.service("a") == "{depends_on: {c: {}}}")
    }

    @Test func theEnvironmentNamesProfilesWhereTheCommandLineDoesNot() {
        #expect(services([], environment: ["COMPOSE_PROFILES": "test, debug"]).root["services"]?.entries.count == 4)
        #expect(
            services([], environment: ["STACK_PROFILES": "test", "COMPOSE_PROFILES": "debug"]).root["services"]?.entries
                .count == 3)
        #expect(services(["test"], environment: ["STACK_PROFILES": "debug"]).root["services"]?.entries.count == 3)
    }

    @Test func profilesOfFilesAreJoined() {
        let document = loadDocument(
            ["a": "services: {s: {profiles: [x]}}", "b": "services: {s: {profiles: y}}"], ["a", "b"], profiles: ["y"])
        #expect(document.text == "{services: {s: {}}}")
    }

    @Test func reportsWhatIsNoProfile() {
        #expect(
            loadDocument("services: {s: {profiles: [{}]}}").faults == [
                "1:27 error: `profiles` lists names, and this is a mapping"
            ])
    }
}
