import Glibc
import Testing

@testable import WorkloadKit

@Suite struct InheritedListenersTests {
    private func listeners(_ variables: [String: String], processID: CInt = 7) throws(ListenerError)
        -> InheritedListeners
    {
        try InheritedListeners(environment: variables, processID: processID)
    }

    @Test func descriptorsAreNumberedFromThreeInTheOrderOfTheirNames() throws {
        var inherited = try listeners(["LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:admin"])
        #expect(inherited.entries == [.init(name: "http", descriptor: 3), .init(name: "admin", descriptor: 4)])
        #expect(inherited.take("admin") == 4)
        #expect(inherited.take("admin") == nil)
        #expect(inherited.take("http") == 3)
    }

    @Test func descriptorsWithoutNamesAreUnknown() throws {
        let inherited = try listeners(["LISTEN_PID": "7", "LISTEN_FDS": "2"])
        #expect(inherited.entries.map(\.name) == ["unknown", "unknown"])
    }

    @Test(arguments: [
        [:], ["LISTEN_FDS": "1"], ["LISTEN_PID": "7"], ["LISTEN_PID": "8", "LISTEN_FDS": "nonsense"],
        ["LISTEN_PID": "7", "LISTEN_FDS": "0"],
    ])
    func nothingIsInheritedByOtherProcesses(variables: [String: String]) throws {
        #expect(try listeners(variables).entries.isEmpty)
    }

    @Test(arguments: [
        ["LISTEN_PID": "x", "LISTEN_FDS": "1"], ["LISTEN_PID": "7", "LISTEN_FDS": "-1"],
        ["LISTEN_PID": "7", "LISTEN_FDS": "1000000000"],
        ["LISTEN_PID": "7", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "one"],
    ])
    func variablesThatContradictEachOtherAreAnError(variables: [String: String]) {
        #expect(throws: ListenerError.self) { try listeners(variables) }
    }
}

@Suite struct ListeningSocketTests {
    @Test func aBoundSocketIsAdopted() throws {
        let bound = try ListeningSocket.bind("127.0.0.1:0").release()
        let adopted = try ListeningSocket.adopt(bound, name: "http")
        #expect(adopted.descriptor == bound)
        #expect(fcntl(bound, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func whatDoesNotListenIsRefused() throws {
        let plain = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(plain) }
        #expect(throws: ListenerError.notListening(name: "http", descriptor: plain)) {
            _ = try ListeningSocket.adopt(plain, name: "http").release()
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "[::1:80", "name:80", ""])
    func whatIsNoAddressIsRefused(address: String) {
        #expect(throws: ListenerError.badAddress(address)) { _ = try ListeningSocket.bind(address).release() }
    }

    @Test func anAddressInUseIsNamed() throws {
        let first = try ListeningSocket.bind("127.0.0.1:0")
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(first.descriptor, $0, &length) }
        }
        let text = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        #expect(throws: ListenerError.system(call: "bind", address: text, errno: EADDRINUSE)) {
            _ = try ListeningSocket.bind(text).release()
        }
    }
}
