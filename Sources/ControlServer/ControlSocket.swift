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
    /// Nil where the name is not this value's but the service manager's, who gave it the socket.
    private let lock: Int32?

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

    /// Takes over the listening socket that a service manager has bound and hands over (sd_listen_fds(3)).
    ///
    /// Its name outlives this value: whoever connects while no daemon is there waits for the next one.
    public init(inherited descriptor: Int32) throws(ControlSocketError) {
        do throws(ControlSocketError) {
            path = try Self.path(ofListening: descriptor)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        lock = nil
    }

    deinit {
        if let descriptor { close(descriptor) }
        guard let lock else {
            // Whom the file lets in may use the stack, but not start it by coming.
            chmod(path, 0o600)
            return
        }
        // The lock is held: nobody else can have put a socket of theirs in this one's place.
        unlink(path)
        close(lock)
    }

    /// Hands the descriptor to a new owner, who closes it; the name stays with this value. Nil the second time.
    mutating func takeDescriptor() -> Int32? {
        descriptor.take()
    }

    /// Lets everybody connect, or only the daemon's own user and root.
    ///
    /// A directory that others can enter by another mode than this gives is not the socket's alone: it is left as it
    /// is, as `/run` must be.
    func open(toOthers isShared: Bool) throws(ControlSocketError) {
        let directory = Self.directory(of: path)
        var status = stat()
        guard stat(directory, &status) == 0 else { throw ControlSocketError(failed: "stat", path: directory) }
        var modes: [(path: String, mode: mode_t)] = [(path, isShared ? 0o666 : 0o600)]
        if [0o700, 0o711].contains(status.st_mode & 0o7777) {
            modes.append((directory, isShared ? 0o711 : 0o700))
        }
        for (path, mode) in modes where chmod(path, mode) != 0 { throw ControlSocketError(failed: "chmod", path: path) }
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    /// Makes the directory where there is none, and sees to it that nobody else can put a file of theirs into it.
    private static func makeDirectory(of path: String) throws(ControlSocketError) {
        let directory = directory(of: path)
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
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
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

    /// The name of a unix stream socket that listens.
    private static func path(ofListening descriptor: Int32) throws(ControlSocketError) -> String {
        let label = "descriptor \(descriptor)"
        guard option(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue), option(SO_ACCEPTCONN, of: descriptor) == 1
        else { throw ControlSocketError(.notListening, path: label) }
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = withUnsafeMutableBytes(of: &address) { bytes in
            getsockname(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard status == 0 else { throw ControlSocketError(failed: "getsockname", path: label) }
        let path = withUnsafeBytes(of: &address.sun_path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        // One of the abstract namespace has no file whose mode could keep others away.
        guard address.sun_family == sa_family_t(AF_UNIX), path.hasPrefix("/") else {
            throw ControlSocketError(.notListening, path: label)
        }
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
            throw ControlSocketError(failed: "fcntl", path: label)
        }
        return path
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
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
