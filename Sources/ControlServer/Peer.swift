import Glibc
import NIOCore

/// Who is at the other end of a connection of the control socket, as the kernel vouches for it.
struct Peer: Hashable, Sendable {
    var pid: Int32
    var user: UInt32
    var group: UInt32
    /// Those that the process is in besides.
    var groups: [UInt32] = []

    /// The process that connected (SO_PEERCRED, unix(7)). To be called on the channel's loop.
    static func of(_ channel: any Channel) throws -> Peer {
        let peer = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { socket in
            var credentials = Credentials()
            var size = socklen_t(MemoryLayout<Credentials>.size)
            guard getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
                throw IOError(errnoCode: errno, reason: "getsockopt(SO_PEERCRED)")
            }
            return Peer(
                pid: credentials.pid, user: credentials.user, group: credentials.group,
                groups: supplementary(of: socket))
        }
        guard let peer else { throw ChannelError.operationUnsupported }
        return peer
    }

    /// SO_PEERGROUPS (Linux 4.13): the peer's groups when it connected. None where the kernel does not tell.
    private static func supplementary(of socket: CInt) -> [UInt32] {
        let option: CInt = 59
        var size = socklen_t(0)
        // The first call fails for want of room, and says how much is needed.
        guard getsockopt(socket, SOL_SOCKET, option, nil, &size) != 0, errno == ERANGE, size > 0 else { return [] }
        var groups = [UInt32](repeating: 0, count: Int(size) / MemoryLayout<UInt32>.size)
        guard getsockopt(socket, SOL_SOCKET, option, &groups, &size) == 0 else { return [] }
        return groups
    }

    /// `struct ucred`, which the C library shows only to those who ask with _GNU_SOURCE.
    private struct Credentials {
        var pid: Int32 = 0
        var user: UInt32 = 0
        var group: UInt32 = 0
    }
}
