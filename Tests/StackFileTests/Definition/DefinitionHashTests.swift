import StackModel
import Testing

@testable import StackFile

@Suite struct DefinitionHashTests {
    @Test(arguments: [
        "replicas: 2\nrollout: {order: stop-first}", "rollout: {on_failure: pause, steps: [{pause: {}}]}",
        "develop: {watch: [{path: a}]}", "resources: {memory: 1G}", "cpus: 0.5",
        "autoscale: {max: 2, metrics: [{cpu: 70%}]}",
    ])
    func whatNoInstanceKnowsOfMakesNoRevision(keys: String) throws {
        #expect(try service(keys).definition == service("").definition)
    }

    @Test(arguments: [
        "command: [other]", "environment: {A: b}", "listen: {a: \":80\"}", "ports: {a: auto}", "notify: true",
        "stop_signal: INT", "restart: always", "probes: {liveness: {tcp: 80}}",
    ])
    func theRestDoes(keys: String) throws {
        #expect(try service(keys).definition != service("").definition)
    }

    @Test func aListenersOptionsAreItsOwn() throws {
        let plain = try service("listen: {a: \":80\"}")
        #expect(try service("listen: {a: {address: \"0.0.0.0:80\", backlog: 4096}}").definition == plain.definition)
        #expect(try service("listen: {a: {address: \":80\", backlog: 5}}").definition != plain.definition)
    }

    @Test func secretsCountByTheirFiles() throws {
        var spec = try service("")
        var hashes: Set<Revision> = [spec.definitionHash]
        spec.secrets = [SecretSpec(name: "a", path: "/a")]
        hashes.insert(spec.definitionHash)
        spec.secrets[0].path = "/b"
        hashes.insert(spec.definitionHash)
        #expect(hashes.count == 3)
        // What is in them, and in the executable, is not the file's to say.
        spec.secrets[0].digest = "1"
        spec.executable = ExecutableFile(path: "/bin/x", digest: "1")
        #expect(hashes.contains(spec.definitionHash))
    }
}
