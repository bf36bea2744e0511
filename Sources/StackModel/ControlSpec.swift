/// Who may do what over the control API, and where it listens besides its socket.
public struct ControlSpec: Hashable, Sendable {
    /// Users and groups by name or number, whose processes get a role on the control socket.
    public struct Grant: Hashable, Sendable {
        public var role: ControlRole
        public var users: [String]
        public var groups: [String]

        public init(role: ControlRole, users: [String] = [], groups: [String] = []) {
            self.role = role
            self.users = users
            self.groups = groups
        }
    }

    /// A bearer token of the TCP listener; the file holds nothing but it.
    public struct Token: Hashable, Sendable {
        /// Who uses it, for the audit log.
        public var name: String
        public var role: ControlRole
        /// Absolute; only its owner, who is the daemon's user or root, may read it.
        public var file: String

        public init(name: String, role: ControlRole, file: String) {
            self.name = name
            self.role = role
            self.file = file
        }
    }

    public struct Listener: Hashable, Sendable {
        /// A loopback address.
        public var host: String
        public var port: UInt16

        public init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    /// Beyond root and the daemon's own user, who are always `admin`; one for each role at the most.
    public var grants: [Grant]
    public var listener: Listener?
    public var tokens: [Token]

    public init(grants: [Grant] = [], listener: Listener? = nil, tokens: [Token] = []) {
        self.grants = grants
        self.listener = listener
        self.tokens = tokens
    }
}

/// What a client of the control API may do; each role includes those before it.
public enum ControlRole: String, Hashable, Comparable, Sendable, CaseIterable {
    /// Look at everything but the resolved configuration, which may hold secrets.
    case read
    /// Start, stop, restart, scale and signal services, and apply the stack file.
    case operate
    /// Run commands as the services' users, and end the daemon.
    case admin

    public static func < (left: ControlRole, right: ControlRole) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .read: 0
        case .operate: 1
        case .admin: 2
        }
    }
}
