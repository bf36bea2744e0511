import Glibc

/// A listening stream socket that stackd holds for its services. It stays open, and connections wait in its queue, for
/// as long as this object lives, whoever accepts from it or does not.
public final class Listener {
    /// How many connections may wait; the kernel lowers it to net.core.somaxconn.
    public static let backlog: Int32 = 4096

    /// Where it was asked to listen.
    public let address: ListenAddress
    /// The TCP port it listens on, also where port 0 was asked for; 0 for a unix socket.
    public let port: UInt16

    private let socket: Descriptor
    /// The file that `init` made, to be removed by `close` if it still is that file.
    private var file: FileIdentity?

    /// Binds an address and listens. Errors name the address: "bind 127.0.0.1:80: Permission denied".
    public init(_ address: ListenAddress) throws(SystemError) {
        self.address = address
        switch address {
        case .tcp(let host, let port):
            let socket = try Listener.bindTCP(host: host, port: port, as: address)
            self.port = try Listener.port(of: socket)
            self.socket = socket
        case .unix(let path, let mode):
            socket = try Listener.bindUnix(path: path, mode: mode)
            file = FileIdentity(path: path)
            port = 0
        }
        try checkLibc(listen(socket.number, Listener.backlog), "listen \(address)")
    }

    /// The descriptor to hand to a process, valid while this object lives. It waits on accept, as services expect.
    public var descriptor: Int32 { socket.number }

    /// Removes the file of a unix socket. The socket itself closes with the object.
    public func close() {
        if let file, case .unix(let path, _) = address, FileIdentity(path: path) == file { unlink(path) }
        file = nil
    }

    private static func bindTCP(
        host: String, port: UInt16, as address: ListenAddress
    ) throws(SystemError) -> Descriptor {
        if !host.isEmpty && host != "*" {
            // "localhost" is asked of nobody: it is this.
            let target =
                host == "localhost"
                ? SocketAddress(ipv4: INADDR_LOOPBACK, port: port) : try SocketAddress(host: host, port: port)
            return try bind(target, as: address)
        }
        do throws(SystemError) {
            return try bind(SocketAddress(anyIPv6Port: port), as: address)
        } catch  where error.errno == EAFNOSUPPORT || error.errno == EADDRNOTAVAIL {
            return try bind(SocketAddress(ipv4: INADDR_ANY, port: port), as: address)  // a host without IPv6
        }
    }

    private static func bind(_ target: SocketAddress, as address: ListenAddress) throws(SystemError) -> Descriptor {
        let socket = try Descriptor.socket(target.family, SOCK_STREAM)
        // Without it, connections of the last run that have not quite ended (TIME_WAIT) would hold the address.
        try socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
        // The host's default (bindv6only) may say otherwise: every address is every address.
        if target.family == AF_INET6 { try socket.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, isAny(address) ? 0 : 1) }
        try checkLibc(target.bind(socket.number), "bind \(address)")
        return socket
    }

    private static func isAny(_ address: ListenAddress) -> Bool {
        if case .tcp(let host, _) = address { return host.isEmpty || host == "*" }
        return false
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

    private static func bindUnix(path: String, mode: UInt32) throws(SystemError) -> Descriptor {
        let target = try SocketAddress(unix: path)
        let socket = try Descriptor.socket(AF_UNIX, SOCK_STREAM)
        // The file is born with the socket's own mode, less the umask: so it is never open to more than it shall be.
        try checkLibc(fchmod(socket.number, mode), "chmod \(path)")
        if target.bind(socket.number) != 0 {
            let refusal = SystemError.last("bind \(path)")
            guard refusal.errno == EADDRINUSE, try isAbandoned(path, target) else { throw refusal }
            try checkLibc(unlink(path), "unlink \(path)")
            try checkLibc(target.bind(socket.number), "bind \(path)")
        }
        try checkLibc(chmod(path, mode), "chmod \(path)")
        return socket
    }

    /// Whether a path is a socket that nobody listens on.
    private static func isAbandoned(_ path: String, _ target: SocketAddress) throws(SystemError) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        let probe = try Descriptor.socket(AF_UNIX, SOCK_STREAM, nonBlocking: true)
        return target.connect(probe.number) != 0 && errno == ECONNREFUSED
    }
}

/// Which file a path names, to notice that another has taken its place.
private struct FileIdentity: Equatable {
    var device: dev_t
    var inode: ino_t

    init?(path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        device = status.st_dev
        inode = status.st_ino
    }
}
