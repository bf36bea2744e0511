import Glibc

/// A TCP socket that listens.
struct ListeningSocket: Hashable {
    /// The number by which /proc/PID/fd names it: `socket:[INODE]`.
    var inode: UInt32
    var user: UInt32
}

/// Finds the TCP sockets that listen on a port, whoever has them.
///
/// By sock_diag(7), which lets the kernel do the search; where that is not built in or is forbidden (seccomp), by
/// reading /proc/net/tcp and tcp6.
enum ListeningSockets {
    static func on(port: UInt16) throws(SystemError) -> [ListeningSocket] {
        do throws(SystemError) {
            return try diagnose(port, AF_INET) + diagnose(port, AF_INET6)
        } catch {
            // A host without IPv6 has no tcp6.
            return try table("/proc/net/tcp", port) + ((try? table("/proc/net/tcp6", port)) ?? [])
        }
    }

    // MARK: sock_diag

    /// From linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h and net/tcp_states.h, which Swift cannot import.
    private enum Kernel {
        static let netlinkFamily: Int32 = 16
        static let sockDiagProtocol: Int32 = 4
        static let sockDiagByFamily: UInt16 = 20
        static let requestDump: UInt16 = 0x301
        static let messageError: UInt16 = 2
        static let messageDone: UInt16 = 3
        static let listenState: UInt32 = 1 << 10
        static let headerSize = 16
        /// `struct inet_diag_req_v2`.
        static let requestSize = 56
        /// Offsets in `struct inet_diag_msg`.
        static let sourcePort = 4
        static let user = 64
        static let inode = 68
        static let answerSize = 72
    }

    private static func diagnose(_ port: UInt16, _ family: Int32) throws(SystemError) -> [ListeningSocket] {
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Descriptor(
            owning: try checkLibc(Glibc.socket(Kernel.netlinkFamily, kind, Kernel.sockDiagProtocol), "sock_diag"))
        let request = request(port, family)
        try checkLibc(Int32(clamping: send(socket.number, request, request.count, 0)), "sock_diag")

        var found: [ListeningSocket] = []
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        // The kernel has the answers ready when send returns. The bound is for one that never says "done".
        for _ in 0..<1024 {
            let count = recv(socket.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            try checkLibc(Int32(clamping: count), "sock_diag")
            if try parse(buffer[..<count], port, &found) { return found }
        }
        throw SystemError(errno: EPROTO, operation: "sock_diag")
    }

    private static func request(_ port: UInt16, _ family: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Kernel.headerSize + Kernel.requestSize)
        bytes.withUnsafeMutableBytes { message in
            message.storeBytes(of: UInt32(message.count), as: UInt32.self)
            message.storeBytes(of: Kernel.sockDiagByFamily, toByteOffset: 4, as: UInt16.self)
            message.storeBytes(of: Kernel.requestDump, toByteOffset: 6, as: UInt16.self)
            message[Kernel.headerSize] = UInt8(truncatingIfNeeded: family)
            message[Kernel.headerSize + 1] = UInt8(IPPROTO_TCP)
            message.storeBytes(of: Kernel.listenState, toByteOffset: Kernel.headerSize + 4, as: UInt32.self)
            message.storeBytes(of: port.bigEndian, toByteOffset: Kernel.headerSize + 8, as: UInt16.self)
        }
        return bytes
    }

    /// Reads one datagram of messages; true when the dump is complete.
    private static func parse(
        _ bytes: ArraySlice<UInt8>, _ port: UInt16, _ found: inout [ListeningSocket]
    ) throws(SystemError) -> Bool {
        let malformed = SystemError(errno: EPROTO, operation: "sock_diag")
        let bytes = Array(bytes)
        func number<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int, _: Value.Type) -> Value {
            bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
        }
        var offset = 0
        while offset + Kernel.headerSize <= bytes.count {
            let length = Int(number(at: offset, UInt32.self))
            let body = offset + Kernel.headerSize
            guard length >= Kernel.headerSize, offset + length <= bytes.count else { throw malformed }
            switch number(at: offset + 4, UInt16.self) {
            case Kernel.messageDone:
                return true
            case Kernel.messageError:
                guard length >= Kernel.headerSize + 4 else { throw malformed }
                throw SystemError(errno: abs(number(at: body, Int32.self)), operation: "sock_diag")
            case Kernel.sockDiagByFamily where length >= Kernel.headerSize + Kernel.answerSize:
                // Old kernels hand out the others too.
                if number(at: body + Kernel.sourcePort, UInt16.self) == port.bigEndian {
                    found.append(
                        ListeningSocket(
                            inode: number(at: body + Kernel.inode, UInt32.self),
                            user: number(at: body + Kernel.user, UInt32.self)))
                }
            default:
                break
            }
            offset += (length + 3) & ~3
        }
        return false
    }

    // MARK: /proc/net

    /// Reads a table whose lines are `sl local:port remote:port state queues timer retransmits uid timeout inode …`.
    static func table(_ path: String, _ port: UInt16) throws(SystemError) -> [ListeningSocket] {
        try ProcFile.withBytes(path, limit: 16 << 20) { span in
            span.withUnsafeBufferPointer { bytes in
                bytes.split(separator: UInt8(ascii: "\n")).dropFirst().compactMap { line in listener(line, port) }
            }
        }
    }

    private static func listener(_ line: Slice<UnsafeBufferPointer<UInt8>>, _ port: UInt16) -> ListeningSocket? {
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 10)
        guard fields.count > 9, fields[3].elementsEqual("0A".utf8) else { return nil }
        func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String { String(decoding: bytes, as: UTF8.self) }
        guard text(fields[1]).split(separator: ":").last.flatMap({ UInt16($0, radix: 16) }) == port,
            let user = UInt32(text(fields[7])), let inode = UInt32(text(fields[9]))
        else { return nil }
        return ListeningSocket(inode: inode, user: user)
    }
}
