import Glibc
import NIOCore

/// Who is at the other end of a connection, as the kernel vouches for it.
struct Peer: Hashable, Sendable {
    var pid: Int32
    var user: UInt32
    var group: UInt32

    /// The process that connected (SO_PEERCRED, unix(7)).
    static func of(_ channel: any Channel) -> EventLoopFuture<Peer> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        // The option's value is a `struct ucred`: three 32-bit integers in this order.
        return provider.unsafeGetSocketOption(level: SocketOptionLevel(SOL_SOCKET), name: SO_PEERCRED)
            .map { (credentials: Credentials) in
                Peer(pid: credentials.pid, user: credentials.uid, group: credentials.gid)
            }
    }

    private struct Credentials {
        var pid: Int32
        var uid: UInt32
        var gid: UInt32
    }
}
