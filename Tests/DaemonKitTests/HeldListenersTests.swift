import Glibc
import LinuxRuntime
import StackModel
import Testing

@testable import DaemonKit

@Suite struct HeldListenersTests {
    private let directory: TemporaryDirectory
    private let context: Template.Context

    init() throws {
        directory = try TemporaryDirectory()
        context = Template.Context(
            stateDirectory: directory.path, runDirectory: directory.path,
            replica: ReplicaID(service: name("web"), index: 0), ports: [:])
    }

    private func spec(_ listeners: [(String, ListenerSpec.Address)], of service: String = "web") -> ServiceSpec {
        ServiceSpec(
            name: name(service), process: ProcessSpec(command: [Template("true")]),
            listeners: listeners.map { ListenerSpec(name: $0.0, address: $0.1) })
    }

    private func unix(_ file: String) -> ListenerSpec.Address { .unix(path: Template("\(directory.path)/\(file)")) }

    private func inode(_ descriptor: Int32) -> UInt64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    @Test func aSocketWhoseAddressStaysIsKeptAndWhatIsNotNamedAnyMoreIsClosed() throws {
        var held = HeldListeners()
        try held.open(spec([("http", .tcp(host: "127.0.0.1", port: 0)), ("admin", unix("admin"))]), context)
        let before = held.descriptors(of: name("web")).map { inode($0.descriptor) }
        try held.open(spec([("new", unix("new")), ("web", .tcp(host: "127.0.0.1", port: 0))]), context)
        let after = held.descriptors(of: name("web"))
        #expect(after.map(\.name) == ["new", "web"])
        #expect(inode(after[1].descriptor) == before[0])
        #expect(access("\(directory.path)/admin", F_OK) != 0)
        #expect(access("\(directory.path)/new", F_OK) == 0)
        held.close(name("web"))
    }

    @Test func whereOneCannotBeBoundAllIsAsBefore() throws {
        var held = HeldListeners()
        try held.open(spec([("http", unix("a"))]), context)
        let before = held.descriptors(of: name("web")).map { inode($0.descriptor) }
        #expect(throws: (any Error).self) {
            try held.open(spec([("http", unix("b")), ("other", unix("no/such/directory"))]), context)
        }
        #expect(held.descriptors(of: name("web")).map { inode($0.descriptor) } == before)
        #expect(access("\(directory.path)/b", F_OK) != 0)
        held.close(name("web"))
    }

    @Test func twoServicesExchangeTheirAddresses() throws {
        var held = HeldListeners()
        try held.open(spec([("http", unix("a"))]), context)
        try held.open(spec([("http", unix("b"))], of: "api"), context)
        let before = held.descriptors(of: name("web")).map { inode($0.descriptor) }
        // The one that comes first cannot have what the other has still use for, as far as it has said.
        #expect(throws: SystemError.self) { try held.open(spec([("http", unix("b"))]), context) }
        #expect(held.descriptors(of: name("web")).map { inode($0.descriptor) } == before)
        // Where it fails for another of its listeners, it leaves the first with what it has.
        let two = spec([("http", unix("a")), ("other", unix("no/such/directory"))], of: "api")
        #expect(throws: SystemError.self) { try held.open(two, context) }
        #expect(held.descriptors(of: name("web")).map { inode($0.descriptor) } == before)
        try held.open(spec([("http", unix("a"))], of: "api"), context)
        #expect(held.descriptors(of: name("api")).map { inode($0.descriptor) } == before)
        try held.open(spec([("http", unix("b"))]), context)
        #expect(access("\(directory.path)/a", F_OK) == 0 && access("\(directory.path)/b", F_OK) == 0)
        held.close(name("web"))
        held.close(name("api"))
        #expect(access("\(directory.path)/a", F_OK) != 0 && access("\(directory.path)/b", F_OK) != 0)
    }

    @Test func twoOfAnyFreePortStayApart() throws {
        var held = HeldListeners()
        let any = ListenerSpec.Address.tcp(host: "127.0.0.1", port: 0)
        try held.open(spec([("a", any), ("b", any)]), context)
        let before = held.ports(of: name("web"))
        try held.open(spec([("b", any), ("a", any)]), context)
        #expect(held.ports(of: name("web")) == before)
        #expect(Set(before.values).count == 2)
        held.close(name("web"))
    }
}
