import CLinux
import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct ListenerLoadsTests {
    private func client(_ address: SocketAddress) throws -> Int32 {
        let client = try Descriptor.socket(address.family, SOCK_STREAM)
        try #require(address.connect(client.number) == 0)
        return client.release()
    }

    private func clients(_ count: Int, _ address: SocketAddress) throws -> [Int32] {
        try (0..<count).map { _ in try client(address) }
    }

    private func accepted(_ count: Int, at listener: Int32) -> [Int32] {
        (0..<count).map { _ in accept(listener, nil, nil) }
    }

    @Test(arguments: ["127.0.0.1", "*", "::1"]) func countsWhoWaitsAndWhoIsServed(_ host: String) throws {
        let hasIPv6 = access("/proc/net/if_inet6", F_OK) == 0
        guard hasIPv6 || host != "::1" else { return }
        var options = ListenOptions()
        options.backlog = 9
        let listener = try Listener(.tcp(host: host, port: 0), options)
        // Another of the port, whose connections are its own.
        let neighbour = host == "127.0.0.1" ? try Listener(.tcp(host: "127.0.0.2", port: listener.port)) : nil
        #expect(ListenerLoads.sample([listener])().listeners == [ListenerLoad(waiting: 0, capacity: 9, connections: 0)])

        let address =
            host == "::1"
            ? try SocketAddress(host: host, port: listener.port)
            : SocketAddress(ipv4: INADDR_LOOPBACK, port: listener.port)
        var open = try clients(5, address)
        if host == "*", hasIPv6 { open += try clients(1, SocketAddress(host: "::1", port: listener.port)) }
        if neighbour != nil { open += try clients(1, SocketAddress(ipv4: INADDR_LOOPBACK + 1, port: listener.port)) }
        let served = accepted(2, at: listener.descriptor)
        defer { for descriptor in open + served { close(descriptor) } }

        let loads = ListenerLoads.sample([listener] + (neighbour.map { [$0] } ?? []))()
        let waiting = host == "*" && hasIPv6 ? 4 : 3
        #expect(loads.listeners.first == ListenerLoad(waiting: waiting, capacity: 9, connections: 2))
        if neighbour != nil { #expect(loads.listeners.last??.waiting == 1 && loads.listeners.last??.connections == 0) }
        #expect(loads.ports.isEmpty && loads.failure == nil)
    }

    @Test func countsAPortByItsNumberWhoeverHasIt() throws {
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0))
        let other = try Listener(.tcp(host: "127.0.0.3", port: listener.port))
        let open = try clients(3, SocketAddress(ipv4: INADDR_LOOPBACK, port: listener.port))
        let served = accepted(1, at: listener.descriptor)
        defer { for descriptor in open + served { close(descriptor) } }
        let free = try Listener(.tcp(host: "127.0.0.1", port: 0)).port
        let loads = ListenerLoads.sample([], ports: [listener.port, free])()
        let capacity = ListenerLoads.sample([listener, other])().listeners.reduce(0) { $0 + ($1?.capacity ?? 0) }
        #expect(loads.ports == [listener.port: ListenerLoad(waiting: 2, capacity: capacity, connections: 1)])
        #expect(loads.listeners.isEmpty)
    }

    @Test(arguments: [true, false]) func countsAUnixSocketsToo(_ isAbstract: Bool) throws {
        let directory = try TemporaryDirectory()
        let name = "\(directory.path)/socket"
        let address: ListenAddress = isAbstract ? .abstract(name: name, .stream) : .unix(path: name, .stream)
        var options = ListenOptions()
        options.backlog = 9
        let listener = try Listener(address, options)
        let target = isAbstract ? try SocketAddress(abstract: name) : try SocketAddress(unix: name)
        let open = try clients(3, target)
        let served = accepted(2, at: listener.descriptor)
        defer { for descriptor in open + served { close(descriptor) } }
        let datagrams = try Listener(.unix(path: "\(directory.path)/datagrams", .datagram))
        let udp = try Listener(.udp(host: "127.0.0.1", port: 0))
        #expect(
            ListenerLoads.sample([datagrams, listener, udp])().listeners
                == [nil, ListenerLoad(waiting: 1, capacity: 9, connections: 2), nil])
    }

    @Test func aConnectionThatHasEndedIsNone() throws {
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0))
        let open = try clients(1, SocketAddress(ipv4: INADDR_LOOPBACK, port: listener.port))
        let served = accepted(1, at: listener.descriptor)
        #expect(ListenerLoads.sample([listener])().listeners.first??.connections == 1)
        for descriptor in open + served { close(descriptor) }
        #expect(ListenerLoads.sample([listener])().listeners.first??.connections == 0)
    }
}

@Suite struct PortFilterTests {
    /// The kernel itself says which of these sockets pass.
    @Test func theKernelLetsPassTheWantedPortsOnly() throws {
        let listeners = try (0..<12).map { _ in try Listener(.tcp(host: "127.0.0.1", port: 0)) }
        let ports = listeners.map(\.port)
        for count in [1, 2, 5, 12] {
            let wanted = Set(ports.prefix(count))
            var found: Set<UInt16> = []
            try SocketDiagnosis().inet(AF_INET, states: .listening, PortFilter(wanted)) { message in
                found.insert(UInt16(bigEndian: message.id.idiag_sport))
            }
            #expect(found == wanted)
        }
        withExtendedLifetime(listeners) {}
    }

    @Test func joinsWhatIsNearWhereThereAreTooMany() {
        #expect(PortFilter([80, 82, 81, 443, 83]).ranges == [80...83, 443...443])
        #expect(PortFilter([0, 65_535]).ranges == [0...0, 65_535...65_535])
        let many = PortFilter((0..<20).map { UInt16(1000 + $0 * $0 * 10) })
        #expect(many.ranges.count == 16)
        #expect(many.ranges.first == 1000...1160 && many.ranges.last == 4610...4610)
        for index in 0..<20 { #expect(many.ranges.contains { $0.contains(UInt16(1000 + index * index * 10)) }) }
    }
}
