import Glibc

/// Why the control socket cannot be had.
public struct ControlSocketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stable word for what is wrong.
    public enum Code: String, Hashable, Sendable {
        /// Another daemon listens on the socket.
        case inUse
        /// The path is longer than a socket's name may be.
        case pathTooLong
        /// Something that is no socket has its name.
        case notASocket
        /// Others could put something of theirs into its directory.
        case notPrivate
        /// What was handed over is no listening unix stream socket with a name in the file system.
        case notListening
        /// A call of the system failed.
        case system
    }

    public var code: Code
    public var path: String
    /// The error of the system; 0 where none was involved.
    public var errno: Int32
    private var step: String

    init(_ code: Code, path: String) {
        self.code = code
        self.path = path
        errno = 0
        step = ""
    }

    /// What the call that just failed says.
    init(failed step: String, path: String) {
        code = .system
        self.path = path
        errno = Glibc.errno
        self.step = step
    }

    public var description: String {
        switch code {
        case .inUse: "another daemon listens on \(path)"
        case .pathTooLong: "\(path): longer than the \(ControlSocket.pathLimit) bytes of a socket's name"
        case .notASocket: "\(path) exists and is no socket"
        case .notPrivate: "\(path) is not a directory of this user's own that nobody else can write to"
        case .notListening: "\(path) is no listening unix stream socket with a path (ListenStream=/…)"
        case .system: "\(step) \(path): \(String(cString: strerror(errno)))"
        }
    }
}
