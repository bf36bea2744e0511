import StackModel
import Testing

@testable import StackFile

@Suite struct StackTests {
    private static let services = "services: {web: {command: [a]}}"

    @Test func name() {
        #expect(load("name: other\n" + Self.services).spec?.name == "other")
        #expect(load(Self.services).spec?.name == "shop")
        #expect(load(Self.services).spec?.directory == "/srv/shop")
    }

    @Test(arguments: [
        ("stack.yaml", "/home/My Shop"), ("./stack.yaml", "/home/My Shop"), ("dev/stack.yaml", "/home/My Shop/dev"),
        ("../stack.yaml", "/home"), ("/srv/x/stack.yaml", "/srv/x"),
    ])
    func theDirectoryIsAbsolute(path: String, directory: String) {
        let spec = StackFile.load(
            files: [path], environment: [:], from: MemoryFileSystem([path: Self.services]), in: "/home/My Shop"
        ).spec
        #expect(spec?.directory == directory)
        #expect(spec?.name == StackName.normalized(directory.split(separator: "/").last ?? ""))
    }

    @Test(
        arguments: [("", .seconds(60)), ("sampling: 1s\n", .seconds(1)), ("sampling: off\n", nil)]
            as [(String, Duration?)])
    func sampling(line: String, sampling: Duration?) {
        let spec = load(line + Self.services).spec
        #expect(spec != nil && spec?.sampling == sampling)
    }

    @Test(arguments: ["0", "500ms", "never"])
    func samplingFaults(value: String) {
        #expect(
            faults("sampling: \(value)\n" + Self.services) == [
                "1:11: error: `sampling` cannot be `\(value)`; it is a duration of `1s` or more, or `off`"
            ])
    }

    @Test(
        arguments: [("My Shop", "myshop"), ("_-a.b", "ab"), ("Ünter", "nter"), ("...", nil), ("", nil)]
            as [(String, String?)])
    func aDirectoryGivesAName(directory: String, name: String?) {
        #expect(StackName.normalized(directory) == name)
    }

    @Test(arguments: ["Shop", "a b", "-a", "\"\"", "a.b"])
    func nameFaults(name: String) {
        let shown = name.filter { $0 != "\"" }
        #expect(
            faults("name: \(name)\n" + Self.services) == [
                "1:7: error: `name` cannot be `\(shown)`; it is lower-case letters, digits, `_` and `-`, a letter or digit first"
            ])
    }

    @Test func aDirectoryWithoutANameForTheStack() {
        let result = StackFile.load(
            files: ["/stack.yaml"], environment: [:], from: MemoryFileSystem(["/stack.yaml": Self.services]), in: "/srv"
        )
        #expect(result.spec == nil)
        #expect(result.diagnostics.map(\.message) == ["the stack has no name, and its directory gives none"])
        #expect(result.diagnostics.map(\.remedy) == ["add `name: …`"])
    }

    @Test(arguments: [
        (
            "name: a",
            "1:1: error: there is no service; add one: `services: {web: {command: [./web]}}`, or ask for the profile of one"
        ),
        (
            "services: {}",
            "1:11: error: there is no service; add one: `services: {web: {command: [./web]}}`, or ask for the profile of one"
        ),
        (
            "services: {x-a: {}}",
            "1:11: error: there is no service; add one: `services: {web: {command: [./web]}}`, or ask for the profile of one"
        ),
        ("services: [a]", "1:11: error: `services` cannot be a list; it is a mapping of services"),
        (
            "services: {web: [a]}",
            "1:17: error: `web` cannot be a list; it is a mapping with `command`, `entrypoint`, `working_dir`, `environment`, `stdin_open`, `user`, …"
        ),
        (
            "services: {web: }",
            "1:17: error: `web` has no value; it is a mapping with `command`, `entrypoint`, `working_dir`, `environment`, `stdin_open`, `user`, …"
        ),
        (
            "services: {\"a/b\": {command: [a]}, c: {command: [a]}}",
            "1:12: error: `a/b` is no name of a service; it is a letter or digit, then letters, digits, `.`, `_` and `-`, 63 at the most"
        ),
        ("servces: {}\nservices: {a: {command: [a]}}", "1:1: error: unknown key `servces`; did you mean `services`?"),
        ("services: {a: {command: [a]}}\nnmae: b", "2:1: error: unknown key `nmae`; did you mean `name`?"),
        (
            "services: {a: {command: [a]}}\nfoo: b",
            "2:1: error: unknown key `foo`; the file has `name`, `services`, `secrets`, `control`, `sampling`, `include`, `version`"
        ),
    ])
    func faultsOfTheWhole(yaml: String, fault: String) {
        #expect(faults(yaml) == [fault])
    }

    @Test func versionIsObsolete() {
        let result = load("version: \"3.8\"\n" + Self.services)
        #expect(result.spec != nil)
        #expect(result.diagnostics.map(withoutExcerpt) == ["1:1: warning: `version` is obsolete; leave it out"])
    }

    @Test func everyFaultIsReportedAtOnceAndInOrder() {
        let found = faults(
            """
            services:
              web:
                nice: 40
                image: x
                depends_on: [dv]
              db:
                command: [a]
                stop_signal: SIGNOPE
                listen: {a: ":0"}
            bogus: 1
            """)
        #expect(found.map { $0.prefix { $0 != " " } } == ["3:11:", "4:5:", "5:18:", "8:18:", "9:17:", "10:1:"])
    }

    @Test func faultsAreBounded() {
        let lines = (0..<500).map { "  s\($0): {command: [a], nice: 99}" }
        let found = load("services:\n" + lines.joined(separator: "\n")).diagnostics
        #expect(found.count == 101)
        #expect(found.last?.message == "and 400 more")
        #expect(found.prefix(100).allSatisfy { $0.location != nil })
    }

    @Test func faultsOfSeveralFilesAreInTheOrderOfTheFiles() {
        let files = [
            "/s/z.yaml": "services: {a: {command: [x], nice: 99}}",
            "/s/a.yaml": "services: {b: {command: [x], nice: 98}}",
        ]
        let found = StackFile.load(
            files: ["/s/z.yaml", "/s/a.yaml"], environment: [:], from: MemoryFileSystem(files), in: "/")
        #expect(found.diagnostics.compactMap(\.location?.file) == ["/s/z.yaml", "/s/a.yaml"])
    }

    @Test func theSpecIsThereWhereThereIsNoError() {
        #expect(load("services: {a: {command: [x], cpus: 1}}").spec != nil)
        #expect(load("services: {a: {command: [x], cpus: -1}}").spec == nil)
        #expect(load("services: {a: {command: [x], cpus: -1}}").resolved == nil)
        #expect(
            StackFile.load(files: ["/gone.yaml"], environment: [:], from: MemoryFileSystem([:]), in: "/").spec == nil)
    }

    @Test func servicesAreInTheOrderOfTheirNames() {
        let spec = load("services: {c: {command: [x]}, a: {command: [x]}, b: {command: [x]}}").spec
        #expect(spec?.services.map(\.name.text) == ["a", "b", "c"])
    }

    @Test func aRevisionChangesWithEverythingButTheNumberOfReplicas() throws {
        let revision = try service("").revision
        #expect(revision.text.count == 16)
        #expect(try service("replicas: 5").revision == revision)
        #expect(try service("x-note: a").revision == revision)
        #expect(try service("stop_grace_period: 10s").revision == revision)
        #expect(try service("stop_grace_period: 11s").revision != revision)
        #expect(try service("environment: {A: b}").revision != revision)
    }
}
