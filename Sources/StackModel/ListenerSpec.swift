/// A socket that the daemon binds and every replica of the service inherits.
public struct ListenerSpec: Hashable, Sendable {
    public enum Address: Hashable, Sendable {
        /// A numeric address (`127.0.0.1`, `::1`, `0.0.0.0`), `localhost`, or `*` for every address of both families,
        /// and a port.
        case tcp(host: String, port: UInt16)
        case udp(host: String, port: UInt16)
        case unix(path: Template, UnixType)
        /// A name in the kernel's own name space, which leaves no file (unix(7)).
        case abstract(name: Template, UnixType)
    }

    public enum UnixType: String, Hashable, Sendable, CaseIterable {
        case stream, datagram
    }

    /// What of a socket can be chosen; those that its kind does not have are refused by the stack file's checks.
    public struct Options: Hashable, Sendable {
        /// How many connections may wait; the kernel lowers it to net.core.somaxconn.
        public var backlog: Int
        /// SO_REUSEPORT: others may bind the same address.
        public var reusesPort: Bool
        /// SO_KEEPALIVE, which accepted connections inherit.
        public var keepsAlive: Bool
        /// TCP_FASTOPEN with so many pending requests at the most; nil is without.
        public var fastOpenQueue: Int?
        /// The permissions of a unix socket's file; nil is 0666: who may connect is its directory's to say.
        public var mode: UInt16?
        /// Whom the file belongs to, names or numbers; nil is the daemon's own.
        public var user: String?
        public var group: String?

        public init(
            backlog: Int = 4096, reusesPort: Bool = false, keepsAlive: Bool = false, fastOpenQueue: Int? = nil,
            mode: UInt16? = nil, user: String? = nil, group: String? = nil
        ) {
            self.backlog = backlog
            self.reusesPort = reusesPort
            self.keepsAlive = keepsAlive
            self.fastOpenQueue = fastOpenQueue
            self.mode = mode
            self.user = user
            self.group = group
        }
    }

    public var name: String
    public var address: Address
    public var options: Options

    public init(name: String, address: Address, options: Options = Options()) {
        self.name = name
        self.address = address
        self.options = options
    }
}
