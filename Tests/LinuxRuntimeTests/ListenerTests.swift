import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct ListenerTests {
    private func connect(_ address: SocketAddress) throws -> Int32 {
        let client = try Descriptor.socket(address.family, SOCK_STREAM)
        return address.connect(client.number) == 0 ? 0 : errno
    }

    @Test(arguments: ["127.0.0.1", "localhost", "", "*"]) func acceptsOnTCP(_ host: String) throws {
        let listener = try Listener(.tcp(host: host, port: 0))
        #expect(listener.port > 0)
        #expect(try connect(SocketAddress(ipv4: INADDR_LOOPBACK, port: listener.port)) == 0)
        #expect(fcntl(listener.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(listener.descriptor, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test func acceptsOnIPv6WhereTheHostHasIt() throws {
        do {
            let listener = try Listener(.tcp(host: "::1", port: 0))
            #expect(listener.address.description == "[::1]:0")
            #expect(try connect(SocketAddress(host: "::1", port: listener.port)) == 0)
        } catch let error as SystemError {
            #expect([EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.errno))
        }
    }

    @Test func namesTheAddressThatIsTaken() throws {
        let first = try Listener(.tcp(host: "127.0.0.1", port: 0))
        let error = #expect(throws: SystemError.self) { _ = try Listener(.tcp(host: "127.0.0.1", port: first.port)) }
        #expect(error?.description == "bind 127.0.0.1:\(first.port): Address already in use")
    }

    @Test func makesAUnixSocketAndTakesItAway() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        let listener = try Listener(.unix(path: path, mode: 0o666))
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o666)
        #expect(try connect(SocketAddress(unix: path)) == 0)
        listener.close()
        #expect(access(path, F_OK) != 0)
    }

    @Test func replacesOnlyASocketThatNobodyListensOn() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        let address = ListenAddress.unix(path: path, mode: 0o600)
        var listener: Listener? = try Listener(address)
        let taken = #expect(throws: SystemError.self) { _ = try Listener(address) }
        #expect(taken?.errno == EADDRINUSE)
        listener = nil  // as after a crash: the file stays
        #expect(access(path, F_OK) == 0 && listener == nil)
        let second = try Listener(address)
        #expect(try connect(SocketAddress(unix: path)) == 0)
        withExtendedLifetime(second) {}

        let file = try directory.write("file", "precious")
        #expect(throws: SystemError.self) { _ = try Listener(.unix(path: file, mode: 0o600)) }
        #expect(try contents(file) == "precious")
    }

    @Test func leavesTheFileOfAnotherAlone() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        let listener = try Listener(.unix(path: path, mode: 0o600))
        #expect(unlink(path) == 0)
        try directory.write("socket", "another's")
        listener.close()
        #expect(try contents(path) == "another's")
    }

    @Test func refusesAPathThatIsTooLong() throws {
        let path = "/tmp/" + String(repeating: "x", count: 110)
        let error = #expect(throws: SystemError.self) { _ = try Listener(.unix(path: path, mode: 0o600)) }
        #expect(error?.errno == ENAMETOOLONG)
    }
}
