import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct PortAllocatorTests {
    private func key(_ replica: Int, lane: Int = 0) -> PortAllocator.Key {
        PortAllocator.Key(service: "backend", replica: replica, lane: lane, name: "admin")
    }

    @Test func isStableAndGivesNoPortTwice() throws {
        var ports: [UInt16] = []
        do {
            var allocator = PortAllocator(stack: "test")
            ports = try (0..<100).map { try allocator.port(for: key($0 / 2, lane: $0 % 2)) }
            #expect(Set(ports).count == 100)
            #expect(try (0..<100).map { try allocator.port(for: key($0 / 2, lane: $0 % 2)) } == ports)
        }
        // As the daemon's next life does.
        var again = PortAllocator(stack: "test")
        #expect(try again.port(for: key(0)) == ports[0])
    }

    @Test func passesOverWhatStrangersHold() throws {
        let port = try firstPort(of: "test-strangers")
        let stranger = try Listener(.tcp(host: "127.0.0.1", port: port))
        #expect(!PortAllocator.isFree(port))
        var allocator = PortAllocator(stack: "test-strangers")
        #expect(try allocator.port(for: key(0)) != port)
        withExtendedLifetime(stranger) {}
    }

    @Test func seesStrangersOfTheNewerFamilyToo() throws {
        guard access("/proc/net/if_inet6", F_OK) == 0 else { return }
        let stranger = try Listener(.tcp(host: "::1", port: 0))
        #expect(!PortAllocator.isFree(stranger.port))
    }

    @Test func twoDaemonsOfTheSameNameGetDifferentPorts() throws {
        var first = PortAllocator(stack: "test-twins")
        var second = PortAllocator(stack: "test-twins")
        let port = try first.port(for: key(0))
        #expect(try second.port(for: key(0)) != port)
        // What one gives back is free for the other.
        first.release(key(0))
        second.release(key(0))
        #expect(try second.port(for: key(0)) == port)
    }

    @Test func saysWhenThereIsNoneLeft() throws {
        let held = try Listener(.tcp(host: "127.0.0.1", port: 0))
        var allocator = PortAllocator(stack: "test", ports: HostPorts(range: held.port..<held.port + 1))
        let error = #expect(throws: SystemError.self) { try allocator.port(for: key(0)) }
        #expect(error?.description == "find a port for backend/0 admin: Address already in use")
        withExtendedLifetime(held) {}
    }

    @Test func aReleasedPortMayBeGivenAgain() throws {
        let port = try firstPort(of: "test-release")
        var allocator = PortAllocator(stack: "test", ports: HostPorts(range: port..<port + 1))
        #expect(try allocator.port(for: key(0)) == port)
        #expect(throws: SystemError.self) { try allocator.port(for: key(1)) }
        allocator.release(key(0))
        #expect(try allocator.port(for: key(1)) == port)
        allocator.releaseAll(of: "backend")
        #expect(try allocator.port(for: key(2)) == port)
    }

    @Test func thePortsThatTheOperatorReservesAreNotGivenOut() throws {
        let port = try firstPort(of: "test-reserved")
        let ports = HostPorts(range: port..<port + 1, reserved: [port])
        var allocator = PortAllocator(stack: "test", ports: ports)
        #expect(throws: SystemError.self) { try allocator.port(for: key(0)) }
    }

    @Test(arguments: [
        ("32768\t60999\n", 20_000..<32_768), ("1024 40000", 40_001..<65_535), ("1024 65535", 20_000..<65_535),
        ("", 20_000..<32_768),
    ])
    func theRangeIsOutsideThatOfOutgoingConnections(_ text: String, _ range: Range<UInt16>) {
        #expect(HostPorts.range(outside: text) == range)
    }

    /// A port that is free, and given back.
    private func firstPort(of stack: String) throws -> UInt16 {
        var allocator = PortAllocator(stack: stack)
        return try allocator.port(for: key(0))
    }
}
