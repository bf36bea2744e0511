import StackModel
import Testing

@Suite struct ServiceSpecTests {
    private func service(_ change: (inout ServiceSpec) -> Void = { _ in }) throws -> ServiceSpec {
        var spec = ServiceSpec(name: try #require(ServiceName("web")), process: ProcessSpec(command: ["serve"]))
        change(&spec)
        return spec
    }

    @Test func readiness() throws {
        #expect(try !service().hasReadiness)
        #expect(try service { $0.notify = true }.hasReadiness)
        #expect(try service { $0.probes.readiness = ProbeSpec(handler: .notify) }.hasReadiness)
        #expect(try service { $0.probes.startup = ProbeSpec(handler: .notify) }.hasReadiness)
        #expect(try !service { $0.probes.liveness = ProbeSpec(handler: .notify) }.hasReadiness)
    }

    @Test func whatIsThereToServeShouldStayUp() throws {
        #expect(try !service().shouldStayUp)
        #expect(try !service { $0.restart.mode = .no }.shouldStayUp)
        #expect(try service { $0.restart.mode = .always }.shouldStayUp)
        #expect(try service { $0.restart.mode = .unlessStopped }.shouldStayUp)
        #expect(try service { $0.notify = true }.shouldStayUp)
        let listener = ListenerSpec(name: "http", address: .tcp(host: "::1", port: 80))
        #expect(try service { $0.listeners = [listener] }.shouldStayUp)
        let route = RouteSpec(name: "http", listen: .tcp(host: "::1", port: 80), port: "http")
        #expect(try service { $0.routes = [route] }.shouldStayUp)
        #expect(
            try !service {
                $0.restart.mode = .always
                $0.isAwaitedToComplete = true
            }.shouldStayUp)
    }

    @Test func theRevisionTellsTheContentOfTheExecutableAndTheSecrets() throws {
        var spec = try service { $0.definition = Revision("1") }
        #expect(spec.revision == Revision("1"))
        var revisions = [spec.revision]
        spec.executable = ExecutableFile(path: "/bin/a", digest: "1")
        revisions.append(spec.revision)
        spec.executable?.digest = "2"
        revisions.append(spec.revision)
        spec.secrets = [SecretSpec(name: "a", path: "/a")]
        #expect(spec.revision == revisions.last)
        spec.secrets[0].digest = "1"
        revisions.append(spec.revision)
        spec.secrets[0].digest = "2"
        revisions.append(spec.revision)
        #expect(Set(revisions).count == 5)
    }

    @Test func whatIsNamedIsInTheOrderOfTheNames() throws {
        let names = try ["c", "a", "b"].map { try #require(ServiceName($0)) }
        let process = ProcessSpec(
            command: ["x"], environment: ["c", "a"].map { EnvironmentVariable(name: $0, value: "1") })
        #expect(process.environment.map(\.name) == ["a", "c"])
        let spec = ServiceSpec(
            name: names[0], process: process,
            dependencies: names.map { DependencySpec(service: $0, condition: .started) })
        #expect(spec.dependencies.map(\.service.text) == ["a", "b", "c"])
        let stack = StackSpec(
            name: "s", directory: "/", services: names.map { ServiceSpec(name: $0, process: process) })
        #expect(stack.services.map(\.name.text) == ["a", "b", "c"])
    }
}
