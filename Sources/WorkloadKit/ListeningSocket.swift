import Glibc

/// A socket that listens: inherited from the supervisor, or bound by this program where none was inherited.
public struct ListeningSocket: ~Copyable, Sendable {
    /// The open descriptor.
    let descriptor: CInt

    private init(owning descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Gives the descriptor to a new owner, who closes it.
    consuming func release() -> CInt {
        let released = descriptor
        discard self
        return released
    }

    /// The inherited socket of that name, or a new one on the address.
    ///
    /// - Throws: ``ListenerError``.
    public static func open(
        _ name: String, from inherited: inout InheritedListeners, orBind address: String
    ) throws(ListenerError) -> ListeningSocket {
        guard let descriptor = inherited.take(name) else { return try bind(address) }
        return try adopt(descriptor, name: name)
    }

    /// Takes over a descriptor, if it is a listening stream socket.
    static func adopt(_ descriptor: CInt, name: String) throws(ListenerError) -> ListeningSocket {
        guard option(SO_ACCEPTCONN, of: descriptor) == 1, option(SO_TYPE, of: descriptor) == streamType else {
            throw .notListening(name: name, descriptor: descriptor)
        }
        // The protocol passes descriptors without CLOEXEC; nothing that this program starts may inherit them.
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return ListeningSocket(owning: descriptor)
    }

    /// Binds `HOST:PORT` (IPv4, or IPv6 in brackets; port 0 picks a free one) or `/PATH` and listens.
    static func bind(_ address: String) throws(ListenerError) -> ListeningSocket {
        if address.hasPrefix("/") { return try bindUnix(address) }
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            throw .badAddress(address)
        }
        let host = String(address[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            var socketAddress = sockaddr_in6()
            socketAddress.sin6_family = sa_family_t(AF_INET6)
            socketAddress.sin6_port = port.bigEndian
            guard inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &socketAddress.sin6_addr) == 1 else {
                throw .badAddress(address)
            }
            return try listen(family: AF_INET6, socketAddress, address)
        }
        var socketAddress = sockaddr_in()
        socketAddress.sin_family = sa_family_t(AF_INET)
        socketAddress.sin_port = port.bigEndian
        guard inet_pton(AF_INET, host, &socketAddress.sin_addr) == 1 else { throw .badAddress(address) }
        return try listen(family: AF_INET, socketAddress, address)
    }

    private static func bindUnix(_ path: String) throws(ListenerError) -> ListeningSocket {
        var socketAddress = sockaddr_un()
        socketAddress.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: socketAddress.sun_path)
        guard path.utf8.count < capacity else { throw .badAddress(path) }
        withUnsafeMutableBytes(of: &socketAddress.sun_path) { $0.copyBytes(from: path.utf8) }
        // A socket file outlives its process; bind would refuse the address although nobody listens there.
        unlink(path)
        return try listen(family: AF_UNIX, socketAddress, path)
    }

    private static func listen<Address>(
        family: CInt, _ socketAddress: Address, _ text: String
    ) throws(ListenerError) -> ListeningSocket {
        let descriptor = socket(family, streamType | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(call: "socket", address: text, errno: errno) }
        let owned = ListeningSocket(owning: descriptor)
        var reuse: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<CInt>.size))
        let bound = withUnsafePointer(to: socketAddress) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size))
            }
        }
        guard bound == 0 else { throw .system(call: "bind", address: text, errno: errno) }
        guard Glibc.listen(descriptor, SOMAXCONN) == 0 else {
            throw .system(call: "listen", address: text, errno: errno)
        }
        return owned
    }

    private static var streamType: CInt { CInt(SOCK_STREAM.rawValue) }

    private static func option(_ name: CInt, of descriptor: CInt) -> CInt? {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
