import Glibc

/// That a port is given out, for every other daemon on the host to see: a name in the kernel's own name space, which is
/// gone with whoever holds it, and which, like the ports, each network namespace has its own of.
final class PortClaim {
    private let socket: Descriptor

    /// Nil where another has it.
    init?(_ port: UInt16) throws(SystemError) {
        let address = try SocketAddress(abstract: "stackd/port/\(port)")
        socket = try Descriptor.socket(AF_UNIX, SOCK_DGRAM)
        guard address.bind(socket.number) == 0 else {
            if errno == EADDRINUSE { return nil }
            throw SystemError.last("claim port \(port)")
        }
    }
}
