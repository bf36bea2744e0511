import CLinux
import Glibc

/// By what sock_diag knows the sockets of a listener.
enum ListenerPlace: Hashable, Sendable {
    case internet(InternetPlace)
    case unix(inode: UInt32, name: [UInt8])

    /// Nil for datagrams.
    init?(_ listener: Listener) {
        switch listener.address {
        case .tcp:
            guard let place = InternetPlace(ofSocket: listener.descriptor) else { return nil }
            self = .internet(place)
        case .unix(let path, .stream):
            self.init(listener.descriptor, name: Array(path.utf8))
        case .abstract(let name, .stream):
            self.init(listener.descriptor, name: [0] + name.utf8)
        case .udp, .unix(_, .datagram), .abstract(_, .datagram):
            return nil
        }
    }

    private init?(_ socket: Int32, name: [UInt8]) {
        var status = stat()
        guard fstat(socket, &status) == 0 else { return nil }
        self = .unix(inode: UInt32(truncatingIfNeeded: status.st_ino), name: name)
    }

    /// The name of a unix socket as the kernel tells it: a path ends with a zero, which is none of its bytes.
    static func name(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        bytes.first == 0 ? Array(bytes) : Array(bytes.prefix { $0 != 0 })
    }
}

/// A local address and port. An IPv4 address is the IPv6 one that it is mapped to (RFC 4291, 2.5.5.2).
struct InternetPlace: Hashable, Sendable {
    private static let mapped: UInt64 = 0xffff << 32

    private var high: UInt64
    private var low: UInt64
    let port: UInt16

    private init(high: UInt64, low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
    }

    init(_ message: inet_diag_msg) {
        let (first, second, third, fourth) = message.id.idiag_src
        func joined(_ left: UInt32, _ right: UInt32) -> UInt64 {
            UInt64(UInt32(bigEndian: left)) << 32 | UInt64(UInt32(bigEndian: right))
        }
        port = UInt16(bigEndian: message.id.idiag_sport)
        if Int32(message.idiag_family) == AF_INET {
            (high, low) = (0, Self.mapped | UInt64(UInt32(bigEndian: first)))
        } else {
            (high, low) = (joined(first, second), joined(third, fourth))
        }
    }

    init?(ofSocket socket: Int32) {
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout.size(ofValue: storage))
        let status = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard status == 0 else { return nil }
        // The ports lie at the same place.
        port = UInt16(bigEndian: storage.sin6_port)
        if Int32(storage.sin6_family) == AF_INET {
            // The address lies where the other family has its flow.
            (high, low) = (0, Self.mapped | UInt64(UInt32(bigEndian: storage.sin6_flowinfo)))
        } else {
            (high, low) = withUnsafeBytes(of: storage.sin6_addr) { bytes in
                (
                    UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        }
    }

    /// Where the listener of a connection with this local address may listen: the more special ones come first, as the
    /// kernel takes them.
    var listeners: [InternetPlace] {
        let isIPv4 = high == 0 && low & ~0xffff_ffff == Self.mapped
        let any = InternetPlace(high: 0, low: 0, port: port)
        return isIPv4 ? [self, InternetPlace(high: 0, low: Self.mapped, port: port), any] : [self, any]
    }
}

extension Listener {
    /// How many connections wait, of how many; nil for datagrams and unix sockets, of which only sock_diag tells.
    var queue: ListenerLoad? {
        guard case .tcp = address else { return nil }
        var info = tcp_info()
        var size = socklen_t(MemoryLayout.size(ofValue: info))
        guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 else { return nil }
        // Of a socket that listens, these two are the queue's length and its maximum.
        return ListenerLoad(waiting: Int(info.tcpi_unacked), capacity: Int(info.tcpi_sacked))
    }
}
