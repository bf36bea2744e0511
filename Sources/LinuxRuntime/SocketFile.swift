import CLinux
import Glibc

/// The file of a unix socket, told from another that takes its place.
struct SocketFile {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Binds a socket to a path. The file is born without rights for anybody: they come by `set`, when it belongs to
    /// whom it shall.
    static func bind(
        _ socket: borrowing Descriptor, to path: String, type: __socket_type
    ) throws(SystemError) -> SocketFile {
        let target = try SocketAddress(unix: path)
        // The kernel gives the file the socket's own mode (less the umask).
        try checkLibc(fchmod(socket.number, 0), "chmod \(path)")
        if target.bind(socket.number) != 0 {
            let refusal = SystemError.last("bind \(path)")
            guard refusal.errno == EADDRINUSE, try isAbandoned(path, type) else { throw refusal }
            try checkLibc(unlink(path), "unlink \(path)")
            try checkLibc(target.bind(socket.number), "bind \(path)")
        }
        let status = try status(try open(path), path)
        return SocketFile(path: path, device: status.st_dev, inode: status.st_ino)
    }

    /// Whether the path still names this file.
    var isInPlace: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_dev == device && status.st_ino == inode
    }

    /// Removes the file, if it still is this one.
    func remove() {
        if isInPlace { unlink(path) }
    }

    /// Gives the file its permissions, and its owners where they are not nil. At no moment does anybody have a right to
    /// it that he had neither before nor has after.
    func set(mode: UInt32, user: UInt32?, group: UInt32?) throws(SystemError) {
        // All through one descriptor: in a directory of others, the path could lead elsewhere from one call to the
        // next.
        let file = try SocketFile.open(path)
        let status = try SocketFile.status(file, path)
        guard status.st_dev == device, status.st_ino == inode else {
            throw SystemError(errno: ENOENT, operation: "chmod \(path), which is another file by now")
        }
        var present = status.st_mode & 0o7777
        func change(to mode: UInt32) throws(SystemError) {
            guard mode != present else { return }
            // A descriptor that only stands for a file is changed by this name.
            try checkLibc(chmod("/proc/self/fd/\(file.number)", mode), "chmod \(path)")
            present = mode
        }
        let (user, group) = (user ?? status.st_uid, group ?? status.st_gid)
        if status.st_uid != user || status.st_gid != group {
            try change(to: present & mode)
            try check(clinux_chown(file.number, user, group), "chown \(path)")
        }
        try change(to: mode)
    }

    private static func open(_ path: String) throws(SystemError) -> Descriptor {
        Descriptor(owning: try check(clinux_open_path(path), "open \(path)"))
    }

    private static func status(_ file: borrowing Descriptor, _ path: String) throws(SystemError) -> stat {
        var status = stat()
        try checkLibc(fstat(file.number, &status), "stat \(path)")
        return status
    }

    /// Whether a path is a socket behind which nobody is any more.
    static func isAbandoned(_ path: String, _ type: __socket_type) throws(SystemError) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        let probe = try Descriptor.socket(AF_UNIX, type, nonBlocking: true)
        return try SocketAddress(unix: path).connect(probe.number) != 0 && errno == ECONNREFUSED
    }
}
