import Glibc
import StackModel

extension Definition where Value == [NamedValue<Located<ListenerSpec.Address>>] {
    static let listeners: Definition = dictionary(
        of: Definition<ListenerSpec.Address>.address.located,
        form: "a mapping of names to addresses, such as `{http: \"127.0.0.1:8000\"}`", name: .endpoint("a listener"))
}

extension Definition where Value == [NamedValue<Located<PortSpec.Assignment>>] {
    static let ports: Definition = Definition<Value>.forms(
        "a mapping of names to `auto` or a number, such as `{admin: auto}`",
        sequence: Definition(form: "", schema: false) { node, _, report in
            report.error(
                at: node.location, "a list of ports is for containers: nothing is mapped on the host",
                remedy: "give each port that the program binds a name: `ports: {http: 8080}`, or `auto`")
            return nil
        },
        mapping: dictionary(
            of: Definition<PortSpec.Assignment>.assignment.located, form: "a mapping of ports",
            name: .endpoint("a port")))
}

extension Definition where Value == PortSpec.Assignment {
    static let assignment: Definition = scalar(
        "`auto`, or a number from 1 to 65535",
        schema: ["anyOf": [["type": "integer", "minimum": 1, "maximum": 65535], ["enum": ["auto"]]]]
    ) { text, _ in text == "auto" ? .automatic : NetworkAddress.port(text).map { .fixed($0) } }
}

extension Definition where Value == ListenerSpec.Address {
    private static let words = "`HOST:PORT`, `:PORT` or `unix:PATH`"

    static let address: Definition = forms(
        words, scalar: addressText,
        mapping: Definition<AddressDraft>.mapping(
            "a listener", AddressDraft.init, required: ["address"],
            fields: [
                Field("address", \.address, addressText, "Where to listen: \(words).")
            ]
        ).refine { draft, _, _ in draft.address?.value })

    private static let addressText: Definition = Definition(form: words, schema: ["type": "string", "minLength": 1]) {
        node, key, report in
        guard case .scalar(let raw, _) = node.content else { return report.mismatch(node, of: key, form: words) }
        if let path = unixPath(raw) { return unixAddress(path, at: node, key: key, &report) }
        guard let text = report.plainText(raw, at: node.location, key: key),
            !isForLater(text, at: node, key: key, &report)
        else { return nil }
        return tcpAddress(text, at: node, key: key, &report)
    }

    /// Kinds of sockets that this version does not have; they are reported.
    private static func isForLater(_ text: String, at node: Node, key: String, _ report: inout Report) -> Bool {
        if text.hasPrefix("@") || text.hasPrefix("unix:@") {
            report.error(
                at: node.location, "abstract unix sockets are not in this version",
                remedy: "name a path: `unix:${run_dir}/\(key).sock`")
            return true
        }
        if text.lowercased().hasPrefix("udp:") || text.hasSuffix("/udp") {
            report.error(
                at: node.location, "UDP listeners are not in this version",
                remedy: "let the program bind the port: `ports: {\(key): 53}`")
            return true
        }
        return false
    }

    private static func tcpAddress(
        _ text: String, at node: Node, key: String, _ report: inout Report
    ) -> ListenerSpec.Address? {
        guard let (host, port) = NetworkAddress.hostAndPort(text) else {
            return report.mismatch(node, of: key, form: words)
        }
        guard host.isEmpty || NetworkAddress.isNumericOrLocal(host) else {
            report.error(
                at: node.location, "`\(host.shortened)` is no numeric address",
                remedy: "it is one such as `127.0.0.1` or `[::1]`, or `localhost`")
            return nil
        }
        guard let number = NetworkAddress.port(port) else {
            let remedy = port == "0" ? "for a free port use `ports: {\(key): auto}`" : "it is a number from 1 to 65535"
            report.error(at: node.location, "`\(port.shortened)` is no port to listen on", remedy: remedy)
            return nil
        }
        return .tcp(host: host.isEmpty ? "0.0.0.0" : host, port: number)
    }

    private static func unixPath(_ raw: String) -> String? {
        if raw.hasPrefix("unix:"), !raw.hasPrefix("unix:@") { return String(raw.dropFirst(5)) }
        return raw.hasPrefix("/") || raw.hasPrefix("./") || raw.hasPrefix("${") ? raw : nil
    }

    private static func unixAddress(_ path: String, at node: Node, key: String, _ report: inout Report) -> ListenerSpec
        .Address?
    {
        guard !path.isEmpty else { return report.mismatch(node, of: key, form: words) }
        guard let template = report.unixPath(path, at: node) else { return nil }
        guard !template.parts.contains(where: { $0 == .replicaIndex }), template.portNames.isEmpty else {
            report.error(
                at: node.location, "a listener belongs to the whole service, so it has no replica",
                remedy: "leave `${replica.index}` and `${port.…}` out")
            return nil
        }
        return .unix(path: template)
    }
}

private struct AddressDraft: Sendable {
    var address: Located<ListenerSpec.Address>?
}

extension Report {
    /// The path of a unix socket, of which the kernel takes 107 bytes (unix(7)).
    mutating func unixPath(_ raw: String, at node: Node) -> Template? {
        guard let template = template(raw, at: node) else { return nil }
        let length = template.parts.reduce(0) { length, part in
            guard case .text(let text) = part else { return length }
            return length + text.utf8.count
        }
        guard length <= 107 else {
            error(
                at: node.location, "the path of a unix socket has \(length) bytes",
                remedy: "it has 107 at the most; a place under `${run_dir}` is shorter")
            return nil
        }
        return template
    }
}

/// Addresses as the file writes them.
enum NetworkAddress {
    /// A number from 1 to 65535.
    static func port(_ text: some StringProtocol) -> UInt16? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(text), number > 0 else {
            return nil
        }
        return number
    }

    /// The halves of `HOST:PORT`, of `:PORT` and of `[IPv6]:PORT`, unchecked; nil where there is no colon.
    static func hostAndPort(_ text: String) -> (host: String, port: String)? {
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

    /// As the file writes it, IPv6 in brackets.
    static func text(host: String, port: String) -> String {
        host.utf8.contains(0x3A) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
