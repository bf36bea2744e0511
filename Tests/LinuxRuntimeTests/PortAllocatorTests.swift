import Testing

@testable import LinuxRuntime

@Suite struct PortAllocatorTests {
    private func key(_ replica: Int) -> PortAllocator.Key {
        PortAllocator.Key(service: "backend", replica: replica, name: "admin")
    }

    @Test func isStableAndGivesNoPortTwice() throws {
        var allocator = PortAllocator(stack: "test")
        let ports = try (0..<100).map { try allocator.port(for: key($0)) }
        #expect(Set(ports).count == 100)
        #expect(try (0..<100).map { try allocator.port(for: key($0)) } == ports)
        var again = PortAllocator(stack: "test")
        #expect(try again.port(for: key(0)) == ports[0])
    }

    @Test func passesOverWhatStrangersHold() throws {
        var probe = PortAllocator(stack: "test-strangers")
        let port = try probe.port(for: key(0))
        let stranger = try Listener(.tcp(host: "127.0.0.1", port: port))
        #expect(!PortAllocator.isFree(port))
        var allocator = PortAllocator(stack: "test-strangers")
        #expect(try allocator.port(for: key(0)) != port)
        withExtendedLifetime(stranger) {}
    }

    @Test func saysWhenThereIsNoneLeft() throws {
        let held = try Listener(.tcp(host: "127.0.0.1", port: 0))
        var allocator = PortAllocator(stack: "test", range: held.port..<held.port + 1)
        let error = #expect(throws: SystemError.self) { try allocator.port(for: key(0)) }
        #expect(error?.description == "find a port for backend/0 admin: Address already in use")
        withExtendedLifetime(held) {}
    }

    @Test func aReleasedPortMayBeGivenAgain() throws {
        var allocator = PortAllocator(stack: "test", range: 20_111..<20_112)
        guard let port = try? allocator.port(for: key(0)) else { return }
        #expect(throws: SystemError.self) { try allocator.port(for: key(1)) }
        allocator.release(key(0))
        #expect(try allocator.port(for: key(1)) == port)
    }
}
