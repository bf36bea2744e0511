import StackModel

/// `http://HOST:PORT/PATH`
struct HTTPAddress: Hashable, Sendable {
    var endpoint: Endpoint
    var path: Template
}

extension Definition where Value == HTTPAddress {
    /// A URL; or a port, or a host and port, which have the path that is the custom.
    static func httpAddress(customaryPath: Template) -> Definition {
        let form = "a port, `HOST:PORT`, or a URL such as `http://127.0.0.1:8080/ready`"
        return Definition(form: form, schema: ["type": ["string", "integer"], "minLength": 1]) { node, key, report in
            guard case .scalar(let raw, _) = node.content else { return report.mismatch(node, of: key, form: form) }
            guard !raw.hasPrefix("http://") else { return report.url(raw, at: node, key: key) }
            guard !raw.hasPrefix("https://") else {
                report.error(
                    at: node.location, "probes do not speak TLS",
                    remedy: "use `exec` with a client that does: `exec: [curl, -fsS, URL]`")
                return nil
            }
            return report.endpoint(raw, at: node, key: key).map { HTTPAddress(endpoint: $0, path: customaryPath) }
        }
    }
}

extension Report {
    fileprivate mutating func url(_ raw: String, at node: Node, key: String) -> HTTPAddress? {
        let rest = raw.dropFirst("http://".count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = String(rest.dropFirst(authority.count))
        let hasPort = authority.last != "]" && authority.contains(":")
        guard let endpoint = endpoint(hasPort ? String(authority) : "\(authority):80", at: node, key: key),
            let template = httpPath(path.hasPrefix("/") ? path : "/\(path)", at: node)
        else { return nil }
        return HTTPAddress(endpoint: endpoint, path: template)
    }

    /// The path and query of a request: printable ASCII, so that nothing can end the request line early.
    mutating func httpPath(_ raw: String, at node: Node) -> Template? {
        let isSound = raw.utf8.first == 0x2F && raw.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x23 }
        guard isSound else {
            error(
                at: node.location, "`\(raw.shortened)` is no path of a request",
                remedy: "it begins with `/`; blanks and other letters than ASCII's are written as `%20` and the like")
            return nil
        }
        return template(raw, at: node)
    }
}

extension Definition where Value == Template {
    static let httpPath: Definition = Definition(
        form: "a path such as `/ready`", schema: ["type": "string", "pattern": "^/"]
    ) {
        node, key, report in
        guard case .scalar(let raw, _) = node.content else {
            return report.mismatch(node, of: key, form: "a path such as `/ready`")
        }
        return report.httpPath(raw, at: node)
    }

    fileprivate static let headerValue: Definition = template("a header's value", allowsEmpty: true).refine {
        value, node, report in
        let isSound = value.parts.allSatisfy { part in
            guard case .text(let text) = part else { return true }
            return text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        }
        guard isSound else {
            return report.mismatch(node, of: "headers", form: "values of one line, without control characters")
        }
        return value
    }
}

extension Definition where Value == HandlerDraft {
    static let http: Definition = forms(
        "a port, a URL, or `{port: …, path: …}`",
        scalar: Definition<HTTPAddress>.httpAddress(customaryPath: "/").map { address in
            .complete(.http(HTTPProbe(host: address.endpoint.host, port: address.endpoint.port, path: address.path)))
        },
        mapping: Definition<HTTPDraft>.http.refine { draft, _, _ in
            guard let port = draft.port?.value else { return nil }
            var probe = HTTPProbe(host: draft.host?.value ?? Endpoint.localHost, port: port)
            probe.path = draft.path?.value ?? probe.path
            probe.headers = draft.headers?.value ?? []
            probe.status = draft.status?.value ?? probe.status
            probe.body = draft.body?.value
            return .complete(.http(probe))
        })
}

private struct HTTPDraft: Sendable {
    var port: Located<ProbePort>?
    var host: Located<String>?
    var path: Located<Template>?
    var headers: Located<[HTTPHeader]>?
    var status: Located<[ClosedRange<Int>]>?
    var body: Located<String>?
}

extension Definition where Value == HTTPDraft {
    fileprivate static let http: Definition = mapping(
        "an HTTP probe", HTTPDraft.init, required: ["port"],
        fields: [
            Field("port", \.port, .probePort, "A number, or the name of one of the service's ports."),
            Field("host", \.host, .host, default: Endpoint.localHost, "A numeric address, or `localhost`."),
            Field("path", \.path, .httpPath, default: "/", "The path of the request, with its query."),
            Field("headers", \.headers, .headers, "Further fields of the request's head."),
            Field("status", \.status, .status, default: "200-399", "The status codes that pass."),
            Field("body", \.body, .regularExpression, "What the body's first 64 KiB must match."),
        ])
}

extension Definition where Value == [HTTPHeader] {
    fileprivate static let headers: Definition = Definition<[NamedValue<Template>]>.dictionary(
        of: .headerValue, form: "a mapping of header names to values", name: .header
    ).map { entries in entries.map { HTTPHeader(name: $0.name.value, value: $0.value) } }
}

extension Definition where Value == [ClosedRange<Int>] {
    fileprivate static let status: Definition = Definition.forms(
        "a status such as 200, a range such as `200-299`, or a list of them",
        scalar: Definition<ClosedRange<Int>>.statusRange.map { [$0] },
        sequence: list(of: .statusRange, form: "a list of status codes").refine { ranges, node, report in
            guard !ranges.isEmpty else {
                report.error(at: node.location, "no status passes", remedy: "name one, or leave `status` out")
                return nil
            }
            return ranges
        })
}

extension Definition where Value == ClosedRange<Int> {
    fileprivate static let statusRange: Definition = scalar(
        "a status from 100 to 599, or a range such as `200-299`", schema: ["type": ["string", "integer"]]
    ) { text, _ in
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(bounds.count), let first = bounds[0], let last = bounds[bounds.count - 1],
            100 <= first, first <= last, last <= 599
        else { return nil }
        return first...last
    }
}
