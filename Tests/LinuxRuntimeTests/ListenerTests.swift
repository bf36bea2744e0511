import Glibc
import Testing

@testable import LinuxRuntime

@Suite struct ListenerTests {
    private func connect(_ address: SocketAddress, _ type: __socket_type = SOCK_STREAM) throws -> Int32 {
        let client = try Descriptor.socket(address.family, type)
        return address.connect(client.number) == 0 ? 0 : errno
    }

    private func option(_ listener: Listener, _ level: Int32, _ option: Int32) -> Int32 {
        var value: Int32 = -1
        var size = socklen_t(MemoryLayout.size(ofValue: value))
        #expect(getsockopt(listener.descriptor, level, option, &value, &size) == 0)
        return value
    }

    private func status(_ path: String) throws -> stat {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status
    }

    /// The bytes of one datagram that waits.
    private func datagram(at listener: Listener) -> Int {
        var buffer = [UInt8](repeating: 0, count: 64)
        return recv(listener.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
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

    @Test func everyAddressIsThoseOfBothFamilies() throws {
        let listener = try Listener(.tcp(host: "*", port: 0))
        #expect(try connect(SocketAddress(ipv4: INADDR_LOOPBACK, port: listener.port)) == 0)
        guard access("/proc/net/if_inet6", F_OK) == 0 else { return }
        #expect(try connect(SocketAddress(host: "::1", port: listener.port)) == 0)
        // An address of the newer family is nothing but that.
        let only = try Listener(.tcp(host: "::", port: 0))
        #expect(try connect(SocketAddress(host: "::1", port: only.port)) == 0)
        #expect(try connect(SocketAddress(ipv4: INADDR_LOOPBACK, port: only.port)) == ECONNREFUSED)
    }

    @Test(arguments: ["127.0.0.1", "*"]) func takesDatagrams(_ host: String) throws {
        let listener = try Listener(.udp(host: host, port: 0))
        #expect(ListenAddress.udp(host: host, port: 53).description == "\(host):53/udp")
        let client = try Descriptor.socket(AF_INET, SOCK_DGRAM)
        #expect(SocketAddress(ipv4: INADDR_LOOPBACK, port: listener.port).connect(client.number) == 0)
        #expect(send(client.number, "abc", 3, 0) == 3)
        #expect(datagram(at: listener) == 3)
        // Unlike a stream's, the address is nobody else's to take.
        let taken = #expect(throws: SystemError.self) { _ = try Listener(.udp(host: host, port: listener.port)) }
        #expect(taken?.errno == EADDRINUSE)
    }

    @Test func aUnixDatagramSocketLivesAsLongAsItIsHeld() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        let address = ListenAddress.unix(path: path, .datagram)
        var listener: Listener? = try Listener(address)
        let client = try Descriptor.socket(AF_UNIX, SOCK_DGRAM)
        #expect(try SocketAddress(unix: path).connect(client.number) == 0)
        #expect(send(client.number, "abc", 3, 0) == 3)
        #expect(listener.map { datagram(at: $0) } == 3)
        #expect(throws: SystemError.self) { _ = try Listener(address) }
        listener = nil  // as after a crash: the file stays
        #expect(access(path, F_OK) == 0 && listener == nil)
        try Listener(address).close()
        #expect(access(path, F_OK) != 0)
    }

    @Test(arguments: [ListenAddress.UnixSocketType.stream, .datagram])
    func anAbstractNameLeavesNoFile(_ type: ListenAddress.UnixSocketType) throws {
        let name = "stackd-test-\(getpid())-\(type)"
        var listener: Listener? = try Listener(.abstract(name: name, type))
        #expect(listener?.address.description == "@\(name)")
        let kind = type == .stream ? SOCK_STREAM : SOCK_DGRAM
        #expect(try connect(SocketAddress(abstract: name), kind) == 0)
        // No byte is behind the name: who asks for it as it is written finds it.
        #expect(try contents("/proc/net/unix").contains("@\(name)\n"))
        #expect(throws: SystemError.self) { _ = try Listener(.abstract(name: name, type)) }
        listener = nil
        #expect(try connect(SocketAddress(abstract: name), kind) == ECONNREFUSED && listener == nil)
    }

    @Test func theOptionsAreThoseOfTheSocketAndChangeWhileItIsOpen() throws {
        var options = ListenOptions()
        options.backlog = 7
        options.reusesPort = true
        options.keepsAlive = true
        options.fastOpenQueue = 16
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0), options)
        #expect(option(listener, SOL_SOCKET, SO_REUSEPORT) == 1)
        #expect(option(listener, SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(option(listener, Int32(IPPROTO_TCP), TCP_FASTOPEN) == 16)
        #expect(backlog(of: listener) == 7)
        #expect(try connect(SocketAddress(ipv4: INADDR_LOOPBACK, port: listener.port)) == 0)

        try listener.adopt(ListenOptions())
        #expect(option(listener, SOL_SOCKET, SO_REUSEPORT) == 0)
        #expect(option(listener, SOL_SOCKET, SO_KEEPALIVE) == 0)
        #expect(option(listener, Int32(IPPROTO_TCP), TCP_FASTOPEN) == 0)
        #expect(backlog(of: listener) > 7)
        // The connection from before waits on.
        let accepted = accept(listener.descriptor, nil, nil)
        #expect(accepted >= 0)
        Glibc.close(accepted)
    }

    /// TCP_INFO tells the longest queue of a socket that listens as what was acknowledged selectively.
    private func backlog(of listener: Listener) -> UInt32 {
        var info = tcp_info()
        var size = socklen_t(MemoryLayout.size(ofValue: info))
        #expect(getsockopt(listener.descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0)
        return info.tcpi_sacked
    }

    @Test func tellsWhatIsInTheWayOfAnAddressWithoutTakingIt() throws {
        let directory = try TemporaryDirectory()
        let addresses: [ListenAddress] = [
            .tcp(host: "127.0.0.1", port: try Listener(.tcp(host: "127.0.0.1", port: 0)).port),
            .udp(host: "127.0.0.1", port: try Listener(.udp(host: "127.0.0.1", port: 0)).port),
            .unix(path: "\(directory.path)/stream", .stream), .unix(path: "\(directory.path)/datagram", .datagram),
            .abstract(name: "stackd-test-\(getpid())-obstacle", .stream),
        ]
        for address in addresses {
            #expect(Listener.obstacle(to: address, reusesPort: false) == nil)
            let listener = try Listener(address)
            #expect(Listener.obstacle(to: address, reusesPort: false)?.errno == EADDRINUSE)
            #expect(listener.isReachable)
            listener.close()
        }
    }

    @Test func anAddressCanBeSharedFromAnyTimeOn() throws {
        let first = try Listener(.tcp(host: "127.0.0.1", port: 0))
        var options = ListenOptions()
        options.reusesPort = true
        #expect(throws: SystemError.self) { _ = try Listener(.tcp(host: "127.0.0.1", port: first.port), options) }
        try first.adopt(options)
        #expect(throws: Never.self) { _ = try Listener(.tcp(host: "127.0.0.1", port: first.port), options) }
    }

    @Test func makesAUnixSocketAndTakesItAway() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        let listener = try Listener(.unix(path: path, .stream))
        #expect(try status(path).st_mode & 0o777 == 0o666)
        #expect(try connect(SocketAddress(unix: path)) == 0)
        listener.close()
        #expect(access(path, F_OK) != 0)
    }

    @Test func replacesOnlyASocketThatNobodyListensOn() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        let address = ListenAddress.unix(path: path, .stream)
        var listener: Listener? = try Listener(address)
        let taken = #expect(throws: SystemError.self) { _ = try Listener(address) }
        #expect(taken?.errno == EADDRINUSE)
        listener = nil  // as after a crash: the file stays
        #expect(access(path, F_OK) == 0 && listener == nil)
        let second = try Listener(address)
        #expect(try connect(SocketAddress(unix: path)) == 0)
        withExtendedLifetime(second) {}

        let file = try directory.write("file", "precious")
        #expect(throws: SystemError.self) { _ = try Listener(.unix(path: file, .stream)) }
        #expect(try contents(file) == "precious")
    }

    @Test func leavesTheFileOfAnotherAlone() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        let listener = try Listener(.unix(path: path, .stream))
        #expect(unlink(path) == 0)
        try directory.write("socket", "another's")
        listener.close()
        #expect(try contents(path) == "another's")
    }

    @Test func theFileBelongsToWhomItShallAndIsNeverMoreOpenThanItShallBe() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        var options = ListenOptions()
        options.mode = 0o660
        if isRoot { (options.user, options.group) = (1234, 4321) }
        let listener = try Listener(.unix(path: path, .stream), options)
        let born = try status(path)
        #expect(born.st_mode & 0o7777 == 0o660)
        #expect(born.st_uid == options.user ?? geteuid() && born.st_gid == options.group ?? getegid())

        options = ListenOptions()
        options.mode = 0o600
        try listener.adopt(options)
        let changed = try status(path)
        #expect(changed.st_ino == born.st_ino && changed.st_mode & 0o7777 == 0o600)
        #expect(changed.st_uid == geteuid() && changed.st_gid == getegid())
        #expect(listener.isReachable)
        listener.close()
        #expect(!listener.isReachable)
    }

    @Test func whatHasTakenTheFilesPlaceIsNotChanged() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/socket"
        let listener = try Listener(.unix(path: path, .stream))
        let precious = try directory.write("precious", "", mode: 0o600)
        #expect(unlink(path) == 0 && symlink(precious, path) == 0)
        var options = ListenOptions()
        options.mode = 0o777
        #expect(throws: SystemError.self) { try listener.adopt(options) }
        #expect(try status(precious).st_mode & 0o777 == 0o600)
    }

    // MARK: Who wants to be served

    private static let kinds: [String] = ["tcp", "unix", "udp"]

    private func listener(_ kind: String, in directory: TemporaryDirectory) throws -> Listener {
        switch kind {
        case "tcp": try Listener(.tcp(host: "127.0.0.1", port: 0))
        case "udp": try Listener(.udp(host: "127.0.0.1", port: 0))
        default: try Listener(.unix(path: "\(directory.path)/socket", .stream))
        }
    }

    /// A client that waits in the listener's queue for as long as it lives.
    private func client(of listener: Listener) throws -> Descriptor {
        let address =
            switch listener.address {
            case .unix(let path, _): try SocketAddress(unix: path)
            default: SocketAddress(ipv4: INADDR_LOOPBACK, port: listener.port)
            }
        var isDatagram = false
        if case .udp = listener.address { isDatagram = true }
        let client = try Descriptor.socket(address.family, isDatagram ? SOCK_DGRAM : SOCK_STREAM)
        try #require(address.connect(client.number) == 0)
        if isDatagram { #expect(send(client.number, "abc", 3, 0) == 3) }
        return client
    }

    @Test(arguments: kinds) func tellsOnceThatAConnectionWaits(_ kind: String) throws {
        let loop = try EventLoop()
        let directory = try TemporaryDirectory()
        let listener = try listener(kind, in: directory)
        var calls = 0
        try listener.onConnection(on: loop) { calls += 1 }
        try loop.turn(waiting: false)
        #expect(calls == 0)
        let first = try client(of: listener)
        try loop.run(until: "the connection is told") { calls > 0 }
        // It still waits, and nobody is told again before somebody asks again.
        for _ in 0..<3 { try loop.turn(waiting: false) }
        #expect(calls == 1)
        try listener.onConnection(on: loop) { calls += 10 }
        #expect(calls == 1, "never from within the call")
        try loop.run(until: "the one that waits is told") { calls > 1 }
        #expect(calls == 11)
        withExtendedLifetime(first) {}
        listener.close()
    }

    @Test func whoeverAsksLaterTakesThePlaceAndMayAskFromTheAction() throws {
        let loop = try EventLoop()
        let directory = try TemporaryDirectory()
        let listener = try listener("tcp", in: directory)
        var calls: [String] = []
        try listener.onConnection(on: loop) { calls.append("first") }
        try listener.onConnection(on: loop) {
            calls.append("second")
            try? listener.onConnection(on: loop) { calls.append("third") }
        }
        let waiting = try client(of: listener)
        try loop.run(until: "two calls") { calls.count == 2 }
        #expect(calls == ["second", "third"])
        withExtendedLifetime(waiting) {}
    }

    @Test(arguments: ["ignored", "closed", "gone"]) func nobodyIsToldAnyMore(_ how: String) throws {
        let loop = try EventLoop()
        let directory = try TemporaryDirectory()
        var listener: Listener? = try listener("tcp", in: directory)
        var calls = 0
        try listener?.onConnection(on: loop) { calls += 1 }
        let waiting = try listener.map { try client(of: $0) }
        // A child that has the socket too keeps it open, and an epoll of it alive.
        let child = try #require(listener.map { dup($0.descriptor) })
        defer { Glibc.close(child) }
        switch how {
        case "ignored": listener?.ignoreConnections()
        case "closed": listener?.close()
        default: listener = nil
        }
        for _ in 0..<3 { try loop.turn(waiting: false) }
        #expect(calls == 0)
        withExtendedLifetime(listener) {}
        withExtendedLifetime(waiting) {}
    }

    @Test func refusesAPathThatIsTooLong() throws {
        let path = "/tmp/" + String(repeating: "x", count: 110)
        let error = #expect(throws: SystemError.self) { _ = try Listener(.unix(path: path, .stream)) }
        #expect(error?.errno == ENAMETOOLONG)
    }
}
