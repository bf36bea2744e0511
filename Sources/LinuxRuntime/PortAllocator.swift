import Glibc

/// Gives each replica TCP ports of its own: the same ones for as long as the allocator lives, no port to two, on this
/// host and among all allocators of all processes.
///
/// A port is searched from a place that follows from its key, so that it is usually the same in the daemon's next life
/// too; and outside the range from which the kernel takes ports for outgoing connections, or such a connection could
/// hold it at the moment when its replica starts. What remains is a program that binds this very port on purpose,
/// between the moment at which it was found free and the one at which the replica binds it: the replica fails then, and
/// the next look (`isFree`) finds the stranger.
public struct PortAllocator: ~Copyable {
    /// What a port is for.
    public struct Key: Hashable, Sendable {
        public var service: String
        public var replica: Int
        /// Tells the instances of a replica apart that run at the same time.
        public var lane: Int
        public var name: String

        /// Names the port `name` of an instance of a replica.
        public init(service: String, replica: Int, lane: Int = 0, name: String) {
            self.service = service
            self.replica = replica
            self.lane = lane
            self.name = name
        }
    }

    private struct Grant {
        var port: UInt16
        var claim: PortClaim
    }

    private let stack: String
    private let ports: HostPorts
    private var grants: [Key: Grant] = [:]
    private var taken: Set<UInt16> = []

    /// Makes an allocator. The names of stacks keep two of them on one host from searching the same places.
    public init(stack: String) {
        self.init(stack: stack, ports: .current())
    }

    init(stack: String, ports: HostPorts) {
        self.stack = stack
        self.ports = ports
    }

    /// The port of a key, found at the first call; EADDRINUSE when there is none left.
    public mutating func port(for key: Key) throws(SystemError) -> UInt16 {
        if let grant = grants[key] { return grant.port }
        let range = ports.range
        let start = Int(hash(of: key) % UInt64(range.count))
        for offset in 0..<range.count {
            let port = range.lowerBound + UInt16((start + offset) % range.count)
            guard !taken.contains(port), !ports.reserved.contains(port), PortAllocator.isFree(port),
                let claim = try PortClaim(port)
            else { continue }
            grants[key] = Grant(port: port, claim: claim)
            taken.insert(port)
            return port
        }
        throw SystemError(errno: EADDRINUSE, operation: "find a port for \(key.service)/\(key.replica) \(key.name)")
    }

    /// Takes the port back, for a replica that is gone or whose port a stranger holds.
    public mutating func release(_ key: Key) {
        if let grant = grants.removeValue(forKey: key) { taken.remove(grant.port) }
    }

    /// Takes all ports of a service back.
    public mutating func releaseAll(of service: String) {
        for key in grants.keys where key.service == service { release(key) }
    }

    /// Whether a process could listen on a port of any of the host's addresses, of either family, at this moment.
    public static func isFree(_ port: UInt16) -> Bool {
        // Which nobody has who could tell.
        if let isFree = canListen(at: SocketAddress(anyIPv6Port: port), port) { return isFree }
        return canListen(at: SocketAddress(ipv4: INADDR_ANY, port: port), port) ?? false
    }

    /// Nil where the host does not know the family of the address.
    private static func canListen(at address: SocketAddress, _ port: UInt16) -> Bool? {
        guard let socket = try? Descriptor.socket(address.family, SOCK_STREAM) else { return nil }
        do throws(SystemError) {
            // As servers do: connections that have not quite ended are no obstacle.
            try socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
            if address.family == AF_INET6 { try socket.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        } catch {
            return nil
        }
        guard address.bind(socket.number) == 0 else { return errno == EADDRNOTAVAIL ? nil : false }
        // Bound but silent sockets allow a second bind of this kind, but not a second listener.
        return listen(socket.number, 1) == 0
    }

    /// FNV-1a: the same in every process, unlike Swift's own hash.
    private func hash(of key: Key) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(stack)/\(key.service)/\(key.replica)/\(key.lane)/\(key.name)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        return hash
    }
}
