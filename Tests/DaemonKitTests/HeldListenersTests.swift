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

    private func unix(_ file: String) -> ListenerSpec.Address {
        .unix(path: Template("\(directory.path)/\(file)"), .stream)
    }

    private func inodes(_ held: HeldListeners, _ spec: ServiceSpec) throws -> [UInt64] {
        try held.descriptors(of: spec).map { inode($0.descriptor) }
    }

    private func exists(_ file: String) -> Bool { access("\(directory.path)/\(file)", F_OK) == 0 }

    private func inode(_ descriptor: Int32) -> UInt64 {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    @Test func aSocketWhoseAddressStaysIsKeptAndWhatIsNotNamedAnyMoreIsClosed() throws {
        var held = HeldListeners()
        let first = spec([("admin", unix("admin")), ("http", unix("http"))])
        try held.open([first], context)
        let before = try inodes(held, first)
        let second = spec([("new", unix("new")), ("web", unix("http"))])
        try held.open([second], context)
        let after = try held.descriptors(of: second)
        #expect(after.map(\.name) == ["new", "web"])
        #expect(inode(after[1].descriptor) == before[1])
        #expect(!exists("admin") && exists("new"))
        held.close(name("web"))
    }

    @Test func whileTwoRevisionsRunEachHasItsOwn() throws {
        var held = HeldListeners()
        let old = spec([("http", unix("a")), ("old", unix("old"))])
        let new = spec([("http", unix("b")), ("web", unix("a"))])
        try held.open([old], context)
        let before = try inodes(held, old)
        try held.open([new, old], context)
        #expect(try inodes(held, old) == before)
        let during = try inodes(held, new)
        #expect(during[1] == before[0] && !before.contains(during[0]))
        try held.open([new], context)
        #expect(try inodes(held, new) == during)
        #expect(!exists("old") && exists("a") && exists("b"))
        // Who still were to be made of the former would lack what is closed, and is not given something else.
        #expect(throws: SpawnFailure.self) { try held.descriptors(of: old) }
        held.close(name("web"))
    }

    /// As where a service that was for this host alone becomes one for everybody, and back.
    @Test(arguments: [("127.0.0.1", "*"), ("*", "127.0.0.1")])
    func anAddressThatIsAPartOfTheFormerOneIsBoundBesideIt(former: String, latter: String) throws {
        var held = HeldListeners()
        // One that is free at this moment.
        let port = try Listener(.tcp(host: "*", port: 0)).port
        let old = spec([("http", .tcp(host: former, port: port))])
        let new = spec([("http", .tcp(host: latter, port: port))])
        try held.open([old], context)
        let before = try inodes(held, old)
        let address = ListenAddress.tcp(host: latter, port: port)
        let stack = StackSpec(name: "shop", directory: "/", services: [new])
        let leaving = held.listeners(leaving: stack, overlapping: address, context)
        #expect(leaving.count == 1)
        #expect(Listener.obstacle(to: address, reusesPort: false)?.errno == EADDRINUSE)
        #expect(Listener.obstacle(to: address, reusesPort: false, beside: leaving) == nil)
        try held.open([new, old], context)
        #expect(try inodes(held, old) == before)
        let during = try inodes(held, new)
        #expect(during != before)
        try held.open([new], context)
        #expect(try inodes(held, new) == during)
        // What stays in the file could not be bound by a daemon that starts with it.
        let both = spec([("all", .tcp(host: former, port: port)), ("http", .tcp(host: latter, port: port))])
        #expect(throws: SpawnFailure.self) { try held.open([both, new], context) }
        held.close(name("web"))
    }

    @Test func freePortsAreToldApartByTheirNames() throws {
        let free = ListenerSpec.Address.tcp(host: "127.0.0.1", port: 0)
        var held = HeldListeners()
        let old = spec([("a", free), ("b", free)])
        try held.open([old], context)
        let before = held.ports(of: old)
        #expect(Set(before.values).count == 2)
        let new = spec([("b", free), ("c", free)])
        try held.open([new, old], context)
        #expect(held.ports(of: old) == before && held.ports(of: new)["b"] == before["b"])
        #expect(!before.values.contains(try #require(held.ports(of: new)["c"])))
    }

    @Test func theOptionsOfAKeptSocketAreThoseOfTheNewestRevision() throws {
        var held = HeldListeners()
        var old = spec([("http", unix("a"))])
        try held.open([old], context)
        let before = try inodes(held, old)
        var new = old
        new.listeners[0].options.mode = 0o600
        try held.open([new, old], context)
        #expect(try inodes(held, new) == before && mode("a") == 0o600)
        // Where one is refused, all is as before.
        old.listeners[0].options.mode = 0o640
        #expect(throws: SpawnFailure.self) {
            var with = old
            with.listeners.append(ListenerSpec(name: "z", address: unix("no/such/directory")))
            try held.open([with], context)
        }
        #expect(try inodes(held, new) == before && mode("a") == 0o600)
        held.close(name("web"))
    }

    private func mode(_ file: String) -> mode_t {
        var status = stat()
        return stat("\(directory.path)/\(file)", &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test func everyKindOfAddressIsOpened() throws {
        var held = HeldListeners()
        let all = spec([
            ("a", .tcp(host: "*", port: 0)), ("b", .udp(host: "127.0.0.1", port: 0)), ("c", unix("c")),
            ("d", .unix(path: Template(parts: [.runDirectory, .text("/d")]), .datagram)),
            ("e", .abstract(name: Template(parts: [.serviceName, .text("-\(getpid())")]), .stream)),
        ])
        try held.open([all], context)
        #expect(try held.descriptors(of: all).map(\.name) == ["a", "b", "c", "d", "e"])
        #expect(held.ports(of: all).keys.sorted() == ["a", "b"])
        #expect(exists("c") && exists("d"))
        #expect(held.addresses(of: name("web")).last?.description == "@web-\(getpid())")
        held.close(name("web"))
        #expect(!exists("c") && !exists("d"))
    }

    @Test func aSocketWhoseFileIsGoneIsMadeAnew() throws {
        var held = HeldListeners()
        let spec = spec([("http", unix("a"))])
        try held.open([spec], context)
        #expect(unlink("\(directory.path)/a") == 0)
        try held.open([spec], context)
        #expect(exists("a"))
        held.close(name("web"))
    }

    @Test func anUnknownOwnerIsNamed() {
        var held = HeldListeners()
        var spec = spec([("http", unix("a"))])
        spec.listeners[0].options.user = "no-such-user"
        let failure = #expect(throws: SpawnFailure.self) { try held.open([spec], context) }
        #expect(failure?.message == "http: user no-such-user: there is no such user")
        #expect(!exists("a"))
    }

    @Test func whereOneCannotBeBoundAllIsAsBefore() throws {
        var held = HeldListeners()
        let old = spec([("http", unix("a"))])
        try held.open([old], context)
        let before = try inodes(held, old)
        #expect(throws: SpawnFailure.self) {
            try held.open([spec([("http", unix("b")), ("other", unix("no/such/directory"))]), old], context)
        }
        #expect(try inodes(held, old) == before)
        #expect(!exists("b"))
        held.close(name("web"))
    }

    @Test func anAddressThatPassesToAnotherServiceStaysBound() throws {
        var held = HeldListeners()
        let old = spec([("admin", unix("admin")), ("http", unix("http"))])
        try held.open([old], context)
        let before = try inodes(held, old)
        let new = spec([("http", unix("http"))])
        let other = spec([("admin", unix("admin"))], of: "api")
        try held.open([new, old], context)
        // While the former instances run they have it, too.
        try held.open([other], context)
        #expect(try inodes(held, other) == [before[0]] && inodes(held, old) == before)
        try held.open([new], context)
        #expect(try inodes(held, other) == [before[0]] && exists("admin"))
        held.close(name("api"))
        #expect(!exists("admin") && exists("http"))
        held.close(name("web"))
    }

    @Test func whatAServiceHadThatIsGoneFromTheFilePassesToAnotherBeforeItHasEnded() throws {
        var held = HeldListeners()
        let gone = spec([("http", unix("a"))], of: "gone")
        try held.open([gone], context)
        let before = try inodes(held, gone)
        let web = spec([("http", unix("a"))])
        #expect(throws: SpawnFailure.self) { try held.open([web], context) }
        held.release(besides: StackSpec(name: "shop", directory: "/", services: [web]))
        try held.open([web], context)
        held.close(name("gone"))
        #expect(try inodes(held, web) == before)
        #expect(exists("a"))
        held.close(name("web"))
    }

    @Test func whatAnotherWaitsForIsNotClosedUntilItDoesNot() throws {
        var held = HeldListeners()
        let old = spec([("http", unix("a"))])
        try held.open([old], context)
        let before = try inodes(held, old)
        let other = spec([("http", unix("a"))], of: "api")
        #expect(throws: SpawnFailure.self) { try held.open([other], context) }
        held.close(name("web"))
        #expect(exists("a"))
        try held.open([other], context)
        #expect(try inodes(held, other) == before)
        #expect(throws: SpawnFailure.self) { try held.open([old], context) }
        held.close(name("api"))
        #expect(exists("a"))
        held.close(name("web"))
        #expect(!exists("a"))
    }

    @Test func twoServicesExchangeTheirAddresses() throws {
        var held = HeldListeners()
        let web = spec([("http", unix("a"))])
        try held.open([web], context)
        try held.open([spec([("http", unix("b"))], of: "api")], context)
        let before = try inodes(held, web)
        // The one that comes first cannot have what the other has still use for, as far as it has said.
        #expect(throws: SpawnFailure.self) { try held.open([spec([("http", unix("b"))])], context) }
        #expect(try inodes(held, web) == before)
        // Where it fails for another of its listeners, it leaves the first with what it has.
        let two = spec([("http", unix("a")), ("other", unix("no/such/directory"))], of: "api")
        #expect(throws: SpawnFailure.self) { try held.open([two], context) }
        #expect(try inodes(held, web) == before)
        let api = spec([("http", unix("a"))], of: "api")
        try held.open([api], context)
        #expect(try inodes(held, api) == before)
        try held.open([spec([("http", unix("b"))])], context)
        #expect(exists("a") && exists("b"))
        held.close(name("web"))
        held.close(name("api"))
    }
}
