import Glibc

/// What this process tells its supervisor (sd_notify(3)): ready, stopping, and a line of status.
public struct ServiceManager: Sendable {
    private let address: String?

    /// The supervisor behind a `NOTIFY_SOCKET`; without one every message is dropped.
    public init(notifySocket address: String?) {
        self.address = address
    }

    /// Tells that the service is up: its dependencies answer and its listener is served.
    public func ready(status: String) {
        send("READY=1\nSTATUS=\(Self.oneLine(status))")
    }

    /// Tells that the service has begun to shut down.
    public func stopping(status: String) {
        send("STOPPING=1\nSTATUS=\(Self.oneLine(status))")
    }

    /// Tells what the service is doing, for a person to read.
    public func status(_ text: String) {
        send("STATUS=\(Self.oneLine(text))")
    }

    /// A message is a list of lines, so a newline in a text would begin another assignment.
    static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    /// Sends one datagram. A supervisor that is away must not stop the service, so failures are not errors.
    private func send(_ message: String) {
        guard let address, let first = address.utf8.first, address.utf8.count > 1 else { return }
        guard first == UInt8(ascii: "/") || first == UInt8(ascii: "@") else { return }
        var socketAddress = sockaddr_un()
        socketAddress.sun_family = sa_family_t(AF_UNIX)
        guard address.utf8.count < MemoryLayout.size(ofValue: socketAddress.sun_path) else { return }
        withUnsafeMutableBytes(of: &socketAddress.sun_path) { path in
            path.copyBytes(from: address.utf8)
            // '@' stands for the null byte that begins a name in Linux's abstract namespace.
            if first == UInt8(ascii: "@") { path[0] = 0 }
        }
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // An abstract name is as long as the address says: no terminator, no padding.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + address.utf8.count)
        let bytes = Array(message.utf8)
        _ = withUnsafePointer(to: socketAddress) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
