/// Where a stack of a given name keeps its sockets, its state and its control socket: the one rule that the daemon and
/// the command line share, so that they meet without being told where.
///
/// Root uses the host's directories. Everybody else uses those of the XDG base directory specification, whose values
/// count only where they are absolute.
public struct StackPaths: Hashable, Sendable {
    /// For sockets and the like; the host empties it at boot.
    public var runDirectory: String
    /// For what must outlive a boot.
    public var stateDirectory: String
    /// A directory of the chain to `runDirectory` that is made in a place where everyone may write, so whoever uses it
    /// must see to it that it is a directory of its own user with mode 0700; nil where the place itself is private.
    public var directoryToVerify: String?

    public init(name: String, environment: [String: String], uid: UInt32) {
        if uid == 0 {
            runDirectory = "/run/stackd/\(name)"
            stateDirectory = "/var/lib/stackd/\(name)"
            return
        }
        if let runtime = Self.absolute(environment["XDG_RUNTIME_DIR"]) {
            runDirectory = "\(runtime)/stackd/\(name)"
        } else {
            runDirectory = "/tmp/stackd-\(uid)/\(name)"
            directoryToVerify = "/tmp/stackd-\(uid)"
        }
        if let state = Self.absolute(environment["XDG_STATE_HOME"]) {
            stateDirectory = "\(state)/stackd/\(name)"
        } else if let home = Self.absolute(environment["HOME"]) {
            stateDirectory = "\(home)/.local/state/stackd/\(name)"
        } else {
            stateDirectory = "\(runDirectory)/state"
        }
    }

    /// The control socket, in a directory of its own (mode 0700): services of other users need to enter `runDirectory`.
    /// A unix socket's path has room for 107 bytes, so a name near its limit of 63 needs short directories.
    public var controlSocket: String { "\(runDirectory)/control/socket" }

    /// The daemon's journal.
    public var journal: String { "\(stateDirectory)/journal" }

    /// What the daemon itself writes to its standard error when `stackctl` starts it.
    public var daemonLog: String { "\(stateDirectory)/daemon.log" }

    private static func absolute(_ path: String?) -> String? {
        guard var path, path.hasPrefix("/") else { return nil }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path
    }
}
