import StackModel
import Testing

@Suite struct TemplateTests {
    private static let all = Template(parts: [
        .stateDirectory, .text("/$x-"), .runDirectory, .serviceName, .replicaIndex, .port("http"), .port("gone"),
    ])

    @Test func filling() throws {
        let service = try #require(ServiceName("web"))
        let context = Template.Context(
            stateDirectory: "/state", runDirectory: "/run", replica: ReplicaID(service: service, index: 4),
            ports: ["http": 8080])
        #expect(Self.all.filled(in: context) == "/state/$x-/runweb48080${port.gone}")
        #expect(Template("plain $x").filled(in: context) == "plain $x")
        #expect(Template("").filled(in: context) == "")
    }

    @Test func writing() {
        #expect(
            Self.all.description == "${state_dir}/$$x-${run_dir}${service.name}${replica.index}${port.http}${port.gone}"
        )
        #expect(Template("$").description == "$$")
        #expect(Template("").parts == [])
        #expect(("a" as Template).parts == [.text("a")])
    }

    @Test func portNames() {
        #expect(Self.all.portNames == ["http", "gone"])
    }
}
