import Glibc

/// Gives each replica TCP ports of its own: the same ones for as long as the allocator lives, no port to two.
///
/// A port is searched from a place that follows from its key, so that it is usually the same in the daemon's next life
/// too; and below the range from which the kernel takes ports for outgoing connections, or such a connection could hold
/// it at the moment when its replica starts.
public struct PortAllocator {
    /// What a port is for.
    public struct Key: Hashable, Sendable {
        public var service: String
        public var replica: Int
        public var name: String

        /// Names the port `name` of a replica.
        public init(service: String, replica: Int, name: String) {
            self.service = service
            self.replica = replica
            self.name = name
        }
    }

    private let stack: String
    private let range: Range<UInt16>
    private var ports: [Key: UInt16] = [:]
    private var taken: Set<UInt16> = []

    /// Makes an allocator. The names of stacks keep two of them on one host from searching the same places.
    public init(stack: String) {
        self.init(stack: stack, range: PortAllocator.defaultRange())
    }

    init(stack: String, range: Range<UInt16>) {
        self.stack = stack
        self.range = range
    }

    /// The port of a key, found at the first call; EADDRINUSE when there is none left.
    public mutating func port(for key: Key) throws(SystemError) -> UInt16 {
        if let port = ports[key] { return port }
        let start = Int(hash(of: key) % UInt64(range.count))
        for offset in 0..<range.count {
            let port = range.lowerBound + UInt16((start + offset) % range.count)
            if !taken.contains(port), PortAllocator.isFree(port) {
                ports[key] = port
                taken.insert(port)
                return port
            }
        }
        throw SystemError(errno: EADDRINUSE, operation: "find a port for \(key.service)/\(key.replica) \(key.name)")
    }

    /// Takes the port back, for a replica that is gone or whose port a stranger holds.
    public mutating func release(_ key: Key) {
        if let port = ports.removeValue(forKey: key) { taken.remove(port) }
    }

    /// Whether a process could listen on a port of any of the host's addresses at this moment.
    public static func isFree(_ port: UInt16) -> Bool {
        guard let socket = try? Descriptor.socket(AF_INET, SOCK_STREAM) else { return false }
        // As servers do: connections that have not quite ended are no obstacle.
        guard (try? socket.setOption(SOL_SOCKET, SO_REUSEADDR, 1)) != nil else { return false }
        guard SocketAddress(ipv4: INADDR_ANY, port: port).bind(socket.number) == 0 else { return false }
        // Bound but silent sockets allow a second bind of this kind, but not a second listener.
        return listen(socket.number, 1) == 0
    }

    private static func defaultRange() -> Range<UInt16> {
        let text = try? ProcFile.text("/proc/sys/net/ipv4/ip_local_port_range")
        let first = text?.split(whereSeparator: \.isWhitespace).first.flatMap { UInt16($0) } ?? 32768
        return first >= 21_000 ? 20_000..<first : 20_000..<UInt16.max
    }

    /// FNV-1a: the same in every process, unlike Swift's own hash.
    private func hash(of key: Key) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(stack)/\(key.service)/\(key.replica)/\(key.name)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        return hash
    }
}
