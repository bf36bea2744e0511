import Glibc

/// An address as the kernel takes it.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length: socklen_t = 0

    var family: Int32 { Int32(storage.ss_family) }

    /// An IPv4 address and a port, in host byte order.
    init(ipv4 address: UInt32, port: UInt16) {
        var inet = sockaddr_in()
        inet.sin_family = sa_family_t(AF_INET)
        inet.sin_port = port.bigEndian
        inet.sin_addr.s_addr = address.bigEndian
        set(inet, length: MemoryLayout<sockaddr_in>.size)
    }

    /// Any IPv6 address, and any IPv4 one where the socket takes both.
    init(anyIPv6Port port: UInt16) {
        var inet = sockaddr_in6()
        inet.sin6_family = sa_family_t(AF_INET6)
        inet.sin6_port = port.bigEndian
        set(inet, length: MemoryLayout<sockaddr_in6>.size)
    }

    /// A path of the file system; ENAMETOOLONG when the kernel's 107 bytes do not hold it.
    init(unix path: String) throws(SystemError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            guard path.utf8.count < bytes.count else { return false }
            bytes.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { throw SystemError(errno: ENAMETOOLONG, operation: "bind \(path)") }
        set(address, length: MemoryLayout<sockaddr_un>.size)
    }

    /// A name in the kernel's own name space; ENAMETOOLONG when the kernel's 107 bytes do not hold it.
    init(abstract name: String) throws(SystemError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // Every byte counts, so there is none behind the name.
        let start = MemoryLayout.offset(of: \sockaddr_un.sun_path) ?? 0
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            guard name.utf8.count < bytes.count else { return false }
            bytes[1...].copyBytes(from: name.utf8)
            return true
        }
        guard fits else { throw SystemError(errno: ENAMETOOLONG, operation: "bind @\(name)") }
        set(address, length: start + 1 + name.utf8.count)
    }

    /// What a host's name or number stands for, first come first. May ask DNS, so numbers are what a daemon should get.
    init(host: String, port: UInt16) throws(SystemError) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var results: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &results)
        defer { if let results { freeaddrinfo(results) } }
        guard status == 0, let first = results?.pointee, let address = first.ai_addr else {
            let number = status == EAI_SYSTEM ? Glibc.errno : EADDRNOTAVAIL
            throw SystemError(errno: number, operation: "resolve \(host)")
        }
        length = first.ai_addrlen
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.copyMemory(from: UnsafeRawBufferPointer(start: address, count: min(Int(length), bytes.count)))
        }
    }

    private mutating func set<Address>(_ address: Address, length: Int) {
        withUnsafeBytes(of: address) { source in
            withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: source) }
        }
        self.length = socklen_t(length)
    }

    /// Binds a socket; -1 with `errno` set on failure.
    func bind(_ socket: Int32) -> Int32 { withRaw { Glibc.bind(socket, $0, $1) } }

    /// Connects a socket; -1 with `errno` set on failure.
    func connect(_ socket: Int32) -> Int32 { withRaw { Glibc.connect(socket, $0, $1) } }

    private func withRaw<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

extension Descriptor {
    /// A socket, CLOEXEC.
    static func socket(
        _ family: Int32, _ type: __socket_type, nonBlocking: Bool = false
    ) throws(SystemError) -> Descriptor {
        let flags = Int32(type.rawValue | SOCK_CLOEXEC.rawValue | (nonBlocking ? SOCK_NONBLOCK.rawValue : 0))
        return Descriptor(owning: try checkLibc(Glibc.socket(family, flags, 0), "socket"))
    }

    borrowing func setOption(_ level: Int32, _ option: Int32, _ value: Int32) throws(SystemError) {
        var value = value
        let status = setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        try checkLibc(status, "setsockopt")
    }
}
