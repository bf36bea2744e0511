import StackModel

/// A host and a path below which requests are for one backend; the empty ones are all.
struct RouteRule: Hashable {
    var host: String
    var path: String
    var backend: String

    /// The rules of the backends of one frontend, the one that says most about a request first, as Kubernetes' Ingress
    /// orders them: a whole host before a wildcard before none, and among equals the longer.
    static func inOrder(of backends: [RouterConfiguration.Backend]) -> [RouteRule] {
        let rules = backends.flatMap { backend in
            let hosts = backend.route.hosts.isEmpty ? [""] : backend.route.hosts
            let paths = backend.route.paths.isEmpty ? [""] : backend.route.paths.map(withoutSlash)
            return hosts.flatMap { host in
                paths.map { RouteRule(host: host, path: $0, backend: backend.name.description) }
            }
        }
        return rules.sorted { $0.order < $1.order }
    }

    /// Of the configuration.
    var line: String {
        let alternatives = pathConditions.map { (hostConditions + $0).joined(separator: " ") }
        if alternatives == [""] { return "use_backend \(backend)" }
        return "use_backend \(backend) if \(alternatives.joined(separator: " or "))"
    }

    private var isWildcard: Bool { host.hasPrefix("*.") }

    private var hostConditions: [String] {
        if host.isEmpty { return [] }
        let pattern =
            isWildcard ? "-m end -- \(Self.quoted(String(host.dropFirst())))" : "-m str -- \(Self.quoted(host))"
        return ["{ req.hdr(host),host_only,lower \(pattern) }"]
    }

    /// `/api` is for itself and for what is below it, and not for `/apiary`.
    private var pathConditions: [[String]] {
        if path.isEmpty { return [[]] }
        return [["{ path -m str -- \(Self.quoted(path)) }"], ["{ path -m beg -- \(Self.quoted(path + "/")) }"]]
    }

    private static func withoutSlash(_ path: String) -> String {
        path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    /// In single quotes nothing means anything, but for these themselves.
    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }

    private var order: (Int, Int, Int, String) {
        (host.isEmpty ? 2 : isWildcard ? 1 : 0, -host.utf8.count, -path.utf8.count, "\(host) \(path) \(backend)")
    }
}
