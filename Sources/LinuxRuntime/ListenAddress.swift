/// Where a socket takes connections or datagrams.
public enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A host, by number or name, and a port; an empty host or "*" is every address of the host, port 0 any free one.
    case tcp(host: String, port: UInt16)
    case udp(host: String, port: UInt16)
    /// A path of the file system.
    case unix(path: String, UnixSocketType)
    /// A name in the kernel's own name space, which leaves no file and knows no permissions.
    case abstract(name: String, UnixSocketType)

    public enum UnixSocketType: Hashable, Sendable {
        case stream, datagram
    }

    public var description: String {
        switch self {
        case .tcp(let host, let port): Self.authority(host, port)
        case .udp(let host, let port): Self.authority(host, port) + "/udp"
        case .unix(let path, _): path
        case .abstract(let name, _): "@\(name)"
        }
    }

    private static func authority(_ host: String, _ port: UInt16) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host.isEmpty ? "*" : host):\(port)"
    }

    /// Whether the kernel chooses a port: then two of this address are not the same.
    public var isAnyPort: Bool {
        switch self {
        case .tcp(_, let port), .udp(_, let port): port == 0
        case .unix, .abstract: false
        }
    }

    /// Whether one may be a part of the other, so that they cannot be bound independently.
    public func mayOverlap(_ other: ListenAddress) -> Bool {
        switch (self, other) {
        case (.tcp(_, let port), .tcp(_, let another)), (.udp(_, let port), .udp(_, let another)):
            port == another && !isAnyPort
        case (.tcp, _), (.udp, _), (.unix, _), (.abstract, _): false
        }
    }

    var isStream: Bool {
        switch self {
        case .tcp, .unix(_, .stream), .abstract(_, .stream): true
        case .udp, .unix(_, .datagram), .abstract(_, .datagram): false
        }
    }
}

/// What of a listening socket can be chosen, all of which can also change while it is open.
public struct ListenOptions: Hashable, Sendable {
    public static let defaultBacklog: Int32 = 4096

    /// How many connections may wait; the kernel lowers it to net.core.somaxconn.
    public var backlog = defaultBacklog
    /// SO_REUSEPORT: others of the same user, who set it too, may bind the same address.
    public var reusesPort = false
    /// SO_KEEPALIVE of a TCP socket, which accepted connections inherit.
    public var keepsAlive = false
    /// TCP_FASTOPEN with so many pending requests at the most; 0 is without. Only where the host's
    /// net.ipv4.tcp_fastopen has bit 2 does it have an effect.
    public var fastOpenQueue: Int32 = 0
    /// The permissions of a unix socket's file.
    public var mode: UInt32 = 0o666
    /// Whom that file belongs to; nil is the caller's own.
    public var user: UInt32?
    public var group: UInt32?

    /// The defaults.
    public init() {}
}
