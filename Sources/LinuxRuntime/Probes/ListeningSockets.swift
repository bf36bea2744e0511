import CLinux
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
            return try diagnose(port)
        } catch {
            // A host without IPv6 has no tcp6.
            return try table("/proc/net/tcp", port) + ((try? table("/proc/net/tcp6", port)) ?? [])
        }
    }

    private static func diagnose(_ port: UInt16) throws(SystemError) -> [ListeningSocket] {
        var found: [ListeningSocket] = []
        let diagnosis = try SocketDiagnosis()
        for family in [AF_INET, AF_INET6] {
            try diagnosis.inet(family, states: .listening, PortFilter([port])) { message in
                found.append(ListeningSocket(inode: message.idiag_inode, user: message.idiag_uid))
            }
        }
        return found
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
