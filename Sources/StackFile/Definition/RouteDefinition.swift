import StackModel

/// A route as the file gives it, without its name.
struct RouteDraft: Sendable {
    var listen: Located<ListenerSpec.Address>
    /// Nil is the service's only port.
    var target: Located<String>?
    var mode: RouteSpec.Mode
    var hosts: [String]
    var paths: [String]
    var drain: Duration?
    var queueTimeout: Duration?
}

/// The long form of a route.
struct RouteKeys: Sendable {
    fileprivate var listen: Located<ListenerSpec.Address>?
    fileprivate var target: Located<String>?
    fileprivate var mode: Located<RouteSpec.Mode>?
    fileprivate var hosts: Located<[String]>?
    fileprivate var paths: Located<[String]>?
    fileprivate var drain: Located<Duration>?
    fileprivate var queueTimeout: Located<Duration>?
}

extension Definition where Value == [NamedValue<RouteDraft>] {
    static let routes: Definition = dictionary(
        of: .route, form: "a mapping of names to routes, such as `{http: {listen: \"127.0.0.1:8080\"}}`",
        name: .endpoint("a route"))
}

extension Definition where Value == RouteDraft {
    fileprivate static let route: Definition = forms(
        "an address, or a mapping with `listen`",
        scalar: Definition<ListenerSpec.Address>.routeAddress.located.map { address in
            RouteDraft(listen: address, mode: .http, hosts: [], paths: [])
        },
        mapping: Definition<RouteKeys>.mapping(
            "a route", RouteKeys.init, required: ["listen"], fields: RouteKeys.fields
        ).refine { keys, _, report in
            guard let listen = keys.listen else { return nil }
            let mode = keys.mode?.value ?? .http
            for (name, rule) in [("host", keys.hosts), ("path", keys.paths)] {
                guard mode == .tcp, let rule else { continue }
                report.error(
                    at: rule.location, "`\(name)` is about HTTP, and with `mode: tcp` nothing of it is read",
                    remedy: "leave it out, or use `mode: http`")
            }
            return RouteDraft(
                listen: listen, target: keys.target, mode: mode, hosts: keys.hosts?.value ?? [],
                paths: keys.paths?.value ?? [], drain: keys.drain?.value, queueTimeout: keys.queueTimeout?.value)
        })
}

extension RouteKeys {
    static let fields: [Field<RouteKeys>] = [
        Field(
            "listen", \.listen, .routeAddress, "Where requests arrive; HTTP routes of several services may share it."),
        Field(
            "to", \.target, .portName, default: "the service's only port",
            "The name of the port, among the service's `ports`, at which its replicas answer."),
        Field("mode", \.mode, .choice(["http": .http, "tcp": .tcp]), default: "http", "What is routed."),
        Field(
            "host", \.hosts, .hosts, default: "every host",
            "The hosts that it is for; `*.example.org` is every host below."),
        Field("path", \.paths, .paths, default: "/", "The paths that it is for, each with all below it."),
        Field(
            "drain", \.drain, .duration, default: "30s",
            "How long a replica that leaves may take for the requests that it has, before it is asked to end."),
        Field(
            "queue_timeout", \.queueTimeout, .positiveDuration, default: "30s",
            "How long a request waits while no replica is ready."),
    ]
}

extension Definition where Value == String {
    fileprivate static let portName: Definition = scalar(
        "the name of one of the service's `ports`", schema: ["type": "string"]
    ) { text, _ in NameRule.endpoint("a port").accepts(text) ? text : nil }

    /// A host name as requests have it (RFC 1123, section 2.1), or a numeric address; no name is ever looked up.
    fileprivate static let hostRule: Definition = scalar(
        "a host such as `example.org` or `*.example.org`, without a port", schema: ["type": "string"]
    ) { text, _ in
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? text.dropFirst().dropLast() : text[...]
        if NetworkAddress.isIPv6(String(bare)) { return "[\(NetworkAddress.canonical(String(bare)))]" }
        let name = text.lowercased()
        let labels = (name.hasPrefix("*.") ? name.dropFirst(2) : name[...]).split(
            separator: ".", omittingEmptySubsequences: false)
        let isSound = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { byte in
                    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
                }
        }
        return isSound && name.utf8.count <= 253 ? name : nil
    }

    /// The path of a request (RFC 3986, section 3.3) in letters that no line of HAProxy's configuration ends at.
    fileprivate static let pathRule: Definition = scalar(
        "a path such as `/api`, without a query", schema: ["type": "string", "pattern": "^/"]
    ) { text, _ in
        let others = "/-._~!&()*+,;=:@%".utf8
        let isSound = text.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                || others.contains(byte)
        }
        guard text.hasPrefix("/"), isSound, text.utf8.count <= 1024 else { return nil }
        // `/api/` and `/api` are the same place with all below it.
        return text.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}

extension Definition where Value == [String] {
    fileprivate static let hosts = rules("a host such as `example.org`, or a list of hosts", .hostRule)

    /// What is for every path has no rule.
    fileprivate static let paths = rules("a path such as `/api`, or a list of paths", .pathRule).map { paths in
        paths.contains("/") ? [] : paths
    }

    private static func rules(_ form: String, _ rule: Definition<String>) -> Definition {
        forms(form, scalar: rule.map { [$0] }, sequence: list(of: rule, form: form)).refine { rules, node, report in
            guard !rules.isEmpty else {
                report.error(at: node.location, "the list is empty, so nothing would match", remedy: "leave it out")
                return nil
            }
            if Set(rules).count < rules.count {
                report.error(at: node.location, "the list has an entry twice", remedy: "write each once")
                return nil
            }
            return rules
        }
    }
}

extension ServiceEntry {
    /// The routes, in the order of their names.
    func routes(report: inout Report) -> [RouteSpec] {
        let ports = draft.ports?.value.map(\.name.value) ?? []
        return (draft.routes?.value ?? []).map { route in
            let (name, draft) = (route.name.value, route.value)
            // Where it has no port, the checks say so.
            var spec = RouteSpec(
                name: name, listen: draft.listen.value,
                port: draft.target?.value ?? (ports.count == 1 ? ports[0] : ""), mode: draft.mode, hosts: draft.hosts,
                paths: draft.paths)
            spec.drain = draft.drain ?? spec.drain
            spec.queueTimeout = draft.queueTimeout ?? spec.queueTimeout
            return spec
        }.sorted { $0.name < $1.name }
    }
}
