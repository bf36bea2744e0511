import StackModel

extension Definition where Value == ListenerSpec.Address {
    static let words = "`HOST:PORT`, `:PORT`, `*:PORT`, `udp:HOST:PORT`, `unix:PATH`, `unix-dgram:PATH` or `\"@NAME\"`"

    /// Where to listen, in any of the forms of all kinds of sockets.
    static let address: Definition = Definition(form: words, schema: ["type": "string", "minLength": 1]) {
        node, key, report in
        guard case .scalar(let raw, _) = node.content, let form = AddressForm(raw) else {
            return report.mismatch(node, of: key, form: words)
        }
        switch form {
        case .port(let raw):
            guard let text = report.plainText(raw, at: node.location, key: key) else { return nil }
            return report.portToListenOn(text, at: node, key: key, form: words)
        case .path(let path, let type):
            return report.sharedName(path, of: .path, at: node).map { .unix(path: $0, type) }
        case .name(let name, let type):
            return report.sharedName(name, of: .abstract, at: node).map { .abstract(name: $0, type) }
        }
    }

    private static let wordsOfTCP = "`HOST:PORT`, `:PORT` or `*:PORT`"

    /// Where HAProxy listens.
    static let routeAddress: Definition = Definition(form: wordsOfTCP, schema: ["type": "string", "minLength": 1]) {
        node, key, report in
        guard case .scalar(let raw, _) = node.content, case .port(let raw)? = AddressForm(raw),
            let text = report.plainText(raw, at: node.location, key: key)
        else { return report.mismatch(node, of: key, form: wordsOfTCP) }
        guard let address = report.portToListenOn(text, at: node, key: key, form: wordsOfTCP) else { return nil }
        guard case .tcp = address else { return report.mismatch(node, of: key, form: wordsOfTCP) }
        return address
    }
}

/// What kind of socket a text in template form asks for, and the rest of the text.
private enum AddressForm {
    case port(String)
    case path(String, ListenerSpec.UnixType)
    case name(String, ListenerSpec.UnixType)

    /// Nil where it names nothing.
    init?(_ raw: String) {
        let rest: Substring
        let type: ListenerSpec.UnixType
        if raw.hasPrefix("unix:") {
            (rest, type) = (raw.dropFirst("unix:".count), .stream)
        } else if raw.hasPrefix("unix-dgram:") {
            (rest, type) = (raw.dropFirst("unix-dgram:".count), .datagram)
        } else if ["@", "/", "./", "${"].contains(where: raw.hasPrefix) {
            (rest, type) = (raw[...], .stream)
        } else {
            self = .port(raw)
            return
        }
        guard !rest.isEmpty, rest != "@" else { return nil }
        self = rest.hasPrefix("@") ? .name(String(rest.dropFirst()), type) : .path(String(rest), type)
    }
}

extension Report {
    /// `HOST:PORT`, `:PORT` or `*:PORT`, alone for TCP, with `udp:` before it or `/udp` after it for UDP.
    fileprivate mutating func portToListenOn(
        _ text: String, at node: Node, key: String, form: String
    ) -> ListenerSpec.Address? {
        let isUDP = text.hasPrefix("udp:") || text.hasSuffix("/udp")
        let bare = text.hasPrefix("udp:") ? text.dropFirst(4) : text.hasSuffix("/udp") ? text.dropLast(4) : text[...]
        guard let (host, port) = NetworkAddress.hostAndPort(bare) else { return mismatch(node, of: key, form: form) }
        guard host.isEmpty || host == NetworkAddress.everyHost || NetworkAddress.isNumericOrLocal(host) else {
            error(
                at: node.location, "`\(host.shortened)` is no numeric address",
                remedy: "it is one such as `127.0.0.1` or `[::1]`, or `localhost`")
            return nil
        }
        guard let number = NetworkAddress.port(port) else {
            let remedy = port == "0" ? "for a free port use `ports: {\(key): auto}`" : "it is a number from 1 to 65535"
            error(at: node.location, "`\(port.shortened)` is no port to listen on", remedy: remedy)
            return nil
        }
        let known = host.isEmpty ? "0.0.0.0" : NetworkAddress.canonical(host)
        return isUDP ? .udp(host: known, port: number) : .tcp(host: known, port: number)
    }

    /// The path or name of a unix socket that all replicas of a service share.
    fileprivate mutating func sharedName(_ raw: String, of kind: UnixName, at node: Node) -> Template? {
        guard let template = unixName(raw, of: kind, at: node) else { return nil }
        guard !template.parts.contains(where: { $0 == .replicaIndex }), template.portNames.isEmpty else {
            error(
                at: node.location, "a listener belongs to the whole service, so it has no replica",
                remedy: "leave `${replica.index}` and `${port.…}` out")
            return nil
        }
        return template
    }

    /// The path or name of a unix socket, of which the kernel takes 107 bytes (unix(7)).
    mutating func unixName(_ raw: String, of kind: UnixName = .path, at node: Node) -> Template? {
        guard let template = template(raw, at: node) else { return nil }
        let length = template.parts.reduce(0) { length, part in
            guard case .text(let text) = part else { return length }
            return length + text.utf8.count
        }
        guard length <= 107 else {
            let (thing, remedy): (String, String) =
                switch kind {
                case .path: ("path", "; a place under `${run_dir}` is shorter")
                case .abstract: ("name", "")
                }
            error(
                at: node.location, "the \(thing) of a unix socket has \(length) bytes",
                remedy: "it has 107 at the most\(remedy)")
            return nil
        }
        return template
    }
}

/// By what a unix socket is found.
enum UnixName {
    case path, abstract
}
