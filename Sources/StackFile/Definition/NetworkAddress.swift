import Glibc
import StackModel

/// Addresses as the file writes them.
enum NetworkAddress {
    /// Every address, of both families.
    static let everyHost = "*"

    /// A number from 1 to 65535.
    static func port(_ text: some StringProtocol) -> UInt16? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(text), number > 0 else {
            return nil
        }
        return number
    }

    /// The halves of `HOST:PORT`, of `:PORT` and of `[IPv6]:PORT`, unchecked; nil where there is no colon.
    static func hostAndPort(_ text: some StringProtocol) -> (host: String, port: String)? {
        let text = Substring(text)
        guard let colon = text.utf8.lastIndex(of: 0x3A) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.utf8.contains(0x3A) {
            return nil
        }
        return (String(host), String(text[text.utf8.index(after: colon)...]))
    }

    /// No name is ever looked up: that would block, and mean something else tomorrow.
    static func isNumericOrLocal(_ host: String) -> Bool {
        host == "localhost" || isIPv4(host) || isIPv6(host)
    }

    static func isIPv4(_ host: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1
    }

    static func isIPv6(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, host, &address) == 1
    }

    /// Only this host can reach it.
    static func isLoopback(_ host: String) -> Bool {
        host == "::1" || host.hasPrefix("127.") && isIPv4(host)
    }

    /// IPv6 addresses have many spellings; this is the shortest.
    static func canonical(_ host: String) -> String {
        var address = in6_addr()
        guard inet_pton(AF_INET6, host, &address) == 1 else { return host }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, &address, &text, socklen_t(text.count)) != nil else { return host }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether a port can be bound on only one of the two: the same address, or one that stands for all of a family.
    /// Both are canonical.
    static func overlap(_ left: String, _ right: String) -> Bool {
        let hosts = [left, right]
        if left == right || hosts.contains(everyHost) { return true }
        if hosts.contains("localhost") {
            return hosts.contains { ["0.0.0.0", "127.0.0.1", "::", "::1"].contains($0) }
        }
        // The wildcard of IPv6 is bound without IPv4's addresses.
        return hosts.allSatisfy(isIPv4) && hosts.contains("0.0.0.0") || hosts.allSatisfy(isIPv6) && hosts.contains("::")
    }

    /// As the file writes it, IPv6 in brackets.
    static func text(host: String, port: some CustomStringConvertible) -> String {
        host.utf8.contains(0x3A) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
