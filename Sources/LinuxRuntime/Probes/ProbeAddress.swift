import Glibc

/// Where a probe connects to. Names are not looked up, except `localhost`: a resolver would block the loop.
struct ProbeAddress: CustomStringConvertible {
    let address: SocketAddress
    /// As a sentence shows it: `127.0.0.1:80`, `[::1]:80`, `/run/x.sock`.
    let description: String

    /// The addresses that a host stands for, in the order in which they are to be tried: an IPv4 or IPv6 address, the
    /// latter also in brackets, or `localhost`.
    static func resolve(host: String, port: UInt16) throws(ProbeFailure) -> [ProbeAddress] {
        if host == "localhost" {
            return [try numeric("127.0.0.1", port), try numeric("::1", port)]
        }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        return [try numeric(isBracketed ? String(host.dropFirst().dropLast()) : host, port)]
    }

    private static func numeric(_ host: String, _ port: UInt16) throws(ProbeFailure) -> ProbeAddress {
        var bytes = in6_addr()
        guard inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1 else {
            throw ProbeFailure("\(host) is neither an IP address nor localhost")
        }
        do throws(SystemError) {
            let address = try SocketAddress(host: host, port: port)
            return ProbeAddress(address: address, description: authority(host: host, port: port))
        } catch {
            throw ProbeFailure(error.description)
        }
    }

    static func unix(_ path: String) throws(ProbeFailure) -> ProbeAddress {
        do throws(SystemError) {
            return ProbeAddress(address: try SocketAddress(unix: path), description: path)
        } catch {
            throw ProbeFailure("the path \(path) is too long for a socket")
        }
    }

    /// Host and port as a URI joins them.
    static func authority(host: String, port: UInt16) -> String {
        let isBareIPv6 = host.utf8.contains(UInt8(ascii: ":")) && !host.hasPrefix("[")
        return (isBareIPv6 ? "[\(host)]" : host) + ":\(port)"
    }
}
