import Glibc

/// A socket that stackd holds for its services. It stays open, and connections or datagrams wait in its queue, for as
/// long as this object lives, whoever takes from it or does not.
public final class Listener {
    /// Where it was asked to listen.
    public let address: ListenAddress
    public private(set) var options: ListenOptions
    /// The TCP or UDP port it listens on, also where port 0 was asked for; 0 for a unix socket.
    public let port: UInt16

    private let socket: Descriptor
    /// The file that `init` made.
    private let file: SocketFile?
    /// Whoever waits for a connection.
    private var watch: (loop: EventLoop, registration: EventLoop.Registration)?

    /// Binds an address and listens. Errors name the address: "bind 127.0.0.1:80: Permission denied".
    public init(_ address: ListenAddress, _ options: ListenOptions = ListenOptions()) throws(SystemError) {
        self.address = address
        self.options = options
        switch address {
        case .tcp(let host, let port), .udp(let host, let port):
            socket = try Listener.bind(host: host, port: port, as: address, reusesPort: options.reusesPort)
            self.port = try Listener.port(of: socket)
            file = nil
        case .unix(let path, let type):
            socket = try Descriptor.socket(AF_UNIX, type.constant)
            file = try SocketFile.bind(socket, to: path, type: type.constant)
            port = 0
        case .abstract(let name, let type):
            socket = try Descriptor.socket(AF_UNIX, type.constant)
            try checkLibc(SocketAddress(abstract: name).bind(socket.number), "bind \(address)")
            file = nil
            port = 0
        }
        do throws(SystemError) {
            try adopt(options)
        } catch {
            close()
            throw error
        }
    }

    /// As the other, also where some of these listeners have a part of the address, as 127.0.0.1:80 is one of *:80.
    public convenience init(
        _ address: ListenAddress, _ options: ListenOptions, beside others: [Listener]
    ) throws(SystemError) {
        try Listener.lend(others)
        defer { Listener.takeBack(others) }
        var lent = options
        lent.reusesPort = true
        try self.init(address, lent)
        try adopt(options)
    }

    /// Has another socket of this user, which asks for SO_REUSEPORT, bind what these have.
    private static func lend(_ listeners: [Listener]) throws(SystemError) {
        for listener in listeners { try listener.set(SOL_SOCKET, SO_REUSEPORT, 1) }
    }

    private static func takeBack(_ listeners: [Listener]) {
        for listener in listeners where !listener.options.reusesPort {
            try? listener.set(SOL_SOCKET, SO_REUSEPORT, 0)
        }
    }

    deinit { ignoreConnections() }

    /// Why the address could not be bound at this moment, beside these listeners; nil where it could. It is given back
    /// at once, and never listened on, so that nobody is taken in.
    public static func obstacle(
        to address: ListenAddress, reusesPort: Bool, beside others: [Listener] = []
    ) -> SystemError? {
        do throws(SystemError) {
            try lend(others)
            defer { takeBack(others) }
            switch address {
            case .tcp(let host, let port), .udp(let host, let port):
                _ = try bind(host: host, port: port, as: address, reusesPort: reusesPort || !others.isEmpty)
            case .unix(let path, let type):
                // What nobody is behind any more would be taken over, and is left as it is until then.
                guard try !SocketFile.isAbandoned(path, type.constant) else { return nil }
                let socket = try Descriptor.socket(AF_UNIX, type.constant)
                try SocketFile.bind(socket, to: path, type: type.constant).remove()
            case .abstract(let name, let type):
                let socket = try Descriptor.socket(AF_UNIX, type.constant)
                try checkLibc(SocketAddress(abstract: name).bind(socket.number), "bind \(address)")
            }
            return nil
        } catch {
            return error
        }
    }

    /// The descriptor to hand to a process, valid while this object lives. It waits on accept, as services expect.
    public var descriptor: Int32 { socket.number }

    /// Whether clients can still find it: a unix socket's file may have been removed or replaced.
    public var isReachable: Bool { file?.isInPlace ?? true }

    /// Takes other options on, with the connections that wait untouched. Where one is refused, those before it are as
    /// the new ones say.
    public func adopt(_ new: ListenOptions) throws(SystemError) {
        switch address {
        case .tcp:
            try set(SOL_SOCKET, SO_REUSEPORT, new.reusesPort ? 1 : 0)
            try set(SOL_SOCKET, SO_KEEPALIVE, new.keepsAlive ? 1 : 0)
            // One that never had it need not be asked: not every kernel is built with it.
            if new.fastOpenQueue > 0 || options.fastOpenQueue > 0 {
                try set(Int32(IPPROTO_TCP), TCP_FASTOPEN, new.fastOpenQueue)
            }
        case .udp: try set(SOL_SOCKET, SO_REUSEPORT, new.reusesPort ? 1 : 0)
        case .unix:
            // What nobody has ever asked for is as it was born: a directory may give its files a group.
            let user = new.user ?? (options.user == nil ? nil : geteuid())
            let group = new.group ?? (options.group == nil ? nil : getegid())
            try file?.set(mode: new.mode, user: user, group: group)
        case .abstract: break
        }
        // Of a socket that listens already, it changes the length of the queue.
        if address.isStream { try checkLibc(listen(socket.number, new.backlog), "listen \(address)") }
        options = new
    }

    /// Calls `action` once, on the loop and never from within this call, as soon as a connection or a datagram waits,
    /// also where one does already. A later call takes the place of an earlier one.
    public func onConnection(on loop: EventLoop, _ action: @escaping () -> Void) throws(SystemError) {
        ignoreConnections()
        let registration = try loop.register(socket.number, for: .readable) { [weak self] _ in
            // At once, as it stays ready for as long as nobody accepts.
            self?.ignoreConnections()
            action()
        }
        watch = (loop, registration)
    }

    /// Takes back what `onConnection` has begun; without effect where nothing is awaited.
    public func ignoreConnections() {
        if let watch { watch.loop.deregister(watch.registration) }
        watch = nil
    }

    /// Removes the file of a unix socket. The socket itself closes with the object.
    public func close() {
        ignoreConnections()
        file?.remove()
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(SystemError) {
        try socket.setOption(level, option, value)
    }

    // MARK: Internet addresses

    private static func bind(
        host: String, port: UInt16, as address: ListenAddress, reusesPort: Bool
    ) throws(SystemError) -> Descriptor {
        let isAny = host.isEmpty || host == "*"
        if !isAny {
            // "localhost" is asked of nobody: it is this.
            let target =
                host == "localhost"
                ? SocketAddress(ipv4: INADDR_LOOPBACK, port: port) : try SocketAddress(host: host, port: port)
            return try bind(target, as: address, onlyIPv6: true, reusesPort)
        }
        do throws(SystemError) {
            return try bind(SocketAddress(anyIPv6Port: port), as: address, onlyIPv6: false, reusesPort)
        } catch  where error.errno == EAFNOSUPPORT || error.errno == EADDRNOTAVAIL {
            // A host without IPv6.
            return try bind(SocketAddress(ipv4: INADDR_ANY, port: port), as: address, onlyIPv6: false, reusesPort)
        }
    }

    private static func bind(
        _ target: SocketAddress, as address: ListenAddress, onlyIPv6: Bool, _ reusesPort: Bool
    ) throws(SystemError) -> Descriptor {
        let socket = try Descriptor.socket(target.family, address.isStream ? SOCK_STREAM : SOCK_DGRAM)
        // Without it, connections of the last run that have not quite ended (TIME_WAIT) would hold the address. A
        // datagram socket has none, and would let others take the address from it.
        if address.isStream { try socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1) }
        if reusesPort { try socket.setOption(SOL_SOCKET, SO_REUSEPORT, 1) }
        // The host's default (bindv6only) may say otherwise: every address is every address, and only that.
        if target.family == AF_INET6 { try socket.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, onlyIPv6 ? 1 : 0) }
        try checkLibc(target.bind(socket.number), "bind \(address)")
        return socket
    }

    private static func port(of socket: borrowing Descriptor) throws(SystemError) -> UInt16 {
        var storage = sockaddr_in6()  // the port lies at the same place in an IPv4 address
        var length = socklen_t(MemoryLayout.size(ofValue: storage))
        let status = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.number, $0, &length) }
        }
        try checkLibc(status, "getsockname")
        return UInt16(bigEndian: storage.sin6_port)
    }
}

extension ListenAddress.UnixSocketType {
    fileprivate var constant: __socket_type {
        switch self {
        case .stream: SOCK_STREAM
        case .datagram: SOCK_DGRAM
        }
    }
}
