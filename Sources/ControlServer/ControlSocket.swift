import Glibc

/// The control socket, bound and listening, and the lock that keeps a second daemon from taking its name.
///
/// Clients can connect from now on; they are served once a `ControlServer` has the socket.
public struct ControlSocket: ~Copyable, Sendable {
    /// `sockaddr_un.sun_path` without its final zero (unix(7)).
    static let pathLimit = 107

    public let path: String
    /// Nil once the server's channel owns it.
    private var descriptor: Int32?
    private let lock: Int32

    /// Takes the name, in place of what a dead daemon left there; its directory is made with mode 0700 where there is
    /// none and must be the user's own, the socket with 0600.
    public init(path: String) throws(ControlSocketError) {
        guard path.utf8.count <= Self.pathLimit else { throw ControlSocketError(.pathTooLong, path: path) }
        try Self.makeDirectory(of: path)
        let lock = try Self.takeLock(path + ".lock")
        let descriptor: Int32
        do {
            try Self.removeLeftover(path)
            descriptor = try Self.listen(path)
        } catch {
            close(lock)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        self.lock = lock
    }

    deinit {
        // The lock is held: nobody else can have put a socket of theirs in this one's place.
        unlink(path)
        if let descriptor { close(descriptor) }
        close(lock)
    }

    /// Hands the descriptor to a new owner, who closes it; the name stays with this value. Nil the second time.
    mutating func takeDescriptor() -> Int32? {
        descriptor.take()
    }

    /// Makes the directory where there is none, and sees to it that nobody else can put a file of theirs into it.
    private static func makeDirectory(of path: String) throws(ControlSocketError) {
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw ControlSocketError(failed: "mkdir", path: directory)
        }
        var status = stat()
        guard lstat(directory, &status) == 0 else { throw ControlSocketError(failed: "stat", path: directory) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
            throw ControlSocketError(.notPrivate, path: directory)
        }
    }

    /// Without the lock two daemons that start at once could each take the other's new socket for a leftover.
    private static func takeLock(_ path: String) throws(ControlSocketError) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw ControlSocketError(failed: "open", path: path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error =
                errno == EWOULDBLOCK
                ? ControlSocketError(.inUse, path: String(path.dropLast(".lock".count)))
                : ControlSocketError(failed: "flock", path: path)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// A socket that refuses connections belongs to nobody any more; one that takes them, to something that lives.
    private static func removeLeftover(_ path: String) throws(ControlSocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw ControlSocketError(failed: "stat", path: path) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw ControlSocketError(.notASocket, path: path) }
        let probe = try openSocket(path)
        defer { close(probe) }
        // A full backlog (EAGAIN) is a sign of life too.
        guard call(connect, probe, path) != 0, errno == ECONNREFUSED else {
            guard errno == ENOENT else { throw ControlSocketError(.inUse, path: path) }
            return
        }
        guard unlink(path) == 0 || errno == ENOENT else { throw ControlSocketError(failed: "unlink", path: path) }
    }

    private static func listen(_ path: String) throws(ControlSocketError) -> Int32 {
        let descriptor = try openSocket(path)
        // On Linux the socket's file is born with the mode of the descriptor: there is no moment at which it is open
        // to others, whatever the umask.
        guard fchmod(descriptor, 0o600) == 0, call(bind, descriptor, path) == 0 else {
            let error = ControlSocketError(failed: "bind", path: path)
            close(descriptor)
            throw error
        }
        guard Glibc.listen(descriptor, 128) == 0 else {
            let error = ControlSocketError(failed: "listen", path: path)
            close(descriptor)
            unlink(path)
            throw error
        }
        return descriptor
    }

    private static func openSocket(_ path: String) throws(ControlSocketError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw ControlSocketError(failed: "socket", path: path) }
        return descriptor
    }

    /// Calls `bind` or `connect` with the path as the address; the path fits, which `init` has checked.
    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32, _ descriptor: Int32, _ path: String
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(pathLimit)) }
        return withUnsafeBytes(of: &address) { bytes in
            function(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
