import StackModel
import Testing

@Suite struct TemplateTests {
    private static let all = Template(parts: [
        .stateDirectory, .text("/$x-"), .runDirectory, .serviceName, .replicaIndex, .port("http"), .port("gone"),
        .listenerDescriptor("web"), .listenerDescriptor("gone"),
    ])

    @Test func filling() throws {
        let service = try #require(ServiceName("web"))
        let context = Template.Context(
            stateDirectory: "/state", runDirectory: "/run", replica: ReplicaID(service: service, index: 4),
            ports: ["http": 8080], descriptors: ["web": 3])
        #expect(Self.all.filled(in: context) == "/state/$x-/runweb48080${port.gone}3${listen.gone.fd}")
        #expect(Template("plain $x").filled(in: context) == "plain $x")
        #expect(Template("").filled(in: context) == "")
    }

    @Test func writing() {
        #expect(
            Self.all.description
                == "${state_dir}/$$x-${run_dir}${service.name}${replica.index}${port.http}${port.gone}"
                + "${listen.web.fd}${listen.gone.fd}")
        #expect(Template(parts: [.secret("key")]).description == "${secret.key}")
        #expect(Template("$").description == "$$")
        #expect(Template("").parts == [])
        #expect(("a" as Template).parts == [.text("a")])
    }

    @Test func portNames() {
        #expect(Self.all.portNames == ["http", "gone"])
    }
}
