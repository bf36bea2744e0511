import CLinux
import Glibc

/// The socket on which one instance speaks to stackd (NOTIFY_SOCKET).
///
/// Each instance has a socket of its own, so that a message belongs to it also when the process that sent it has
/// already ended, as `systemd-notify` called by a script has. Its name cannot be guessed, and the kernel says who the
/// sender is: a process that runs, but not inside the instance, is not believed.
public final class NotifySocket {
    /// Who sent a message, as the kernel vouches.
    public struct Sender: Hashable, Sendable {
        public var pid: Int32
        public var uid: UInt32
        public var gid: UInt32
    }

    /// The value for NOTIFY_SOCKET.
    public let path: String

    private static let messagesPerTurn = 64
    private static let messageLimit = 8192

    private let loop: EventLoop
    private let socket: Descriptor
    private let isMember: (Int32) -> Bool
    private let onMessage: (NotifyMessage, Sender) -> Void
    private var registration: EventLoop.Registration?

    /// Makes a socket in `directory`, which must be one that other users may enter but not list (0711).
    ///
    /// `id` names the instance in errors. `isMember` says whether the running process with a pid is inside the instance; `onMessage` gets what those say,
    /// and what processes said that have ended since.
    public init(
        id: String, directory: String, loop: EventLoop, isMember: @escaping (Int32) -> Bool,
        onMessage: @escaping (NotifyMessage, Sender) -> Void
    ) throws(SystemError) {
        // Nothing else is in the name: a socket's path has room for some hundred characters, most of them the directory's.
        path = "\(directory)/\(String(UInt64.random(in: .min ... .max), radix: 36))"
        self.loop = loop
        self.isMember = isMember
        self.onMessage = onMessage
        socket = Descriptor(owning: try check(clinux_notify_socket(), "notify socket of \(id)"))
        try checkLibc(SocketAddress(unix: path).bind(socket.number), "bind \(path)")
        // The instance may run as any user; who knows the name may speak.
        try checkLibc(chmod(path, 0o666), "chmod \(path)")
        registration = try loop.register(socket.number, for: .readable) { [unowned self] _ in receive() }
    }

    deinit {
        if let registration { loop.deregister(registration) }
        unlink(path)
    }

    /// Takes what has arrived, at most 64 messages; the loop calls it, and an owner may before it judges an exit.
    public func receive() {
        withUnsafeTemporaryAllocation(byteCount: NotifySocket.messageLimit, alignment: 8) { buffer in
            guard let base = buffer.baseAddress else { return }
            for _ in 0..<NotifySocket.messagesPerTurn {
                var raw = clinux_sender()
                let length = clinux_notify_receive(socket.number, base, buffer.count, &raw)
                if length == -Int64(EBADMSG) { continue }  // cut off: it said too much to be understood
                guard length >= 0 else { return }
                let sender = Sender(pid: raw.pid, uid: raw.uid, gid: raw.gid)
                guard isBelievable(sender) else { continue }
                onMessage(NotifyMessage(parsing: buffer[0..<Int(length)]), sender)
            }
        }
    }

    private func isBelievable(_ sender: Sender) -> Bool {
        if isMember(sender.pid) { return true }
        // A sender that has ended can no longer be looked up, and whoever has its pid now would be looked up instead;
        // but to have known the name it must have been inside.
        guard let status = try? ProcessStatus.of(pid: sender.pid) else { return true }
        return status.isZombie
    }
}
