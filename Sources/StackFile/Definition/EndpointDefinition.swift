import StackModel

/// Where a probe connects to.
struct Endpoint: Hashable, Sendable {
    static let localHost = "127.0.0.1"

    var host: String
    var port: ProbePort
}

private struct EndpointDraft: Sendable {
    var host: Located<String>?
    var port: Located<ProbePort>?
}

extension Definition where Value == Endpoint {
    static let endpoint: Definition = forms(
        "a port, `HOST:PORT`, or `{port: …, host: …}`", scalar: endpointText,
        mapping: Definition<EndpointDraft>.mapping(
            "an endpoint", EndpointDraft.init, required: ["port"],
            fields: [
                Field("port", \.port, .probePort, "A number, or the name of one of the service's ports."),
                Field("host", \.host, .host, default: Endpoint.localHost, "A numeric address, or `localhost`."),
            ]
        ).refine { draft, _, _ in
            draft.port.map { Endpoint(host: draft.host?.value ?? Endpoint.localHost, port: $0.value) }
        })

    static let endpointText: Definition = Definition(
        form: "a port, or `HOST:PORT`", schema: ["type": ["string", "integer"]]
    ) {
        node, key, report in
        guard case .scalar(let raw, _) = node.content else {
            return report.mismatch(node, of: key, form: "a port, or `HOST:PORT`")
        }
        return report.endpoint(raw, at: node, key: key)
    }
}

extension Definition where Value == ProbePort {
    static let words = "a number from 1 to 65535, or the name of one of the service's ports"

    static let probePort: Definition = Definition(form: words, schema: ["type": ["string", "integer"]]) {
        node, key, report in
        guard case .scalar(let raw, _) = node.content else { return report.mismatch(node, of: key, form: words) }
        return report.probePort(raw, at: node, key: key)
    }
}

extension Definition where Value == String {
    static let host: Definition = text("a numeric address such as `127.0.0.1` or `::1`, or `localhost`").refine {
        host, node, report in
        report.host(host, at: node, key: "host")
    }
}

extension Report {
    /// `PORT`, `HOST:PORT` or `[IPv6]:PORT`; the port may be a name or `${port.NAME}`.
    mutating func endpoint(_ raw: String, at node: Node, key: String) -> Endpoint? {
        guard let (host, port) = NetworkAddress.hostAndPort(raw) else {
            return probePort(raw, at: node, key: key).map { Endpoint(host: Endpoint.localHost, port: $0) }
        }
        guard let host = self.host(host, at: node, key: key) else { return nil }
        return probePort(port, at: node, key: key).map { Endpoint(host: host, port: $0) }
    }

    mutating func host(_ host: String, at node: Node, key: String) -> String? {
        guard NetworkAddress.isNumericOrLocal(host) else {
            error(
                at: node.location, "`\(key)` cannot connect to `\(host.shortened)`",
                remedy: "the host is a numeric address such as `127.0.0.1` or `[::1]`, or `localhost`")
            return nil
        }
        return host
    }

    mutating func probePort(_ raw: String, at node: Node, key: String) -> ProbePort? {
        if let number = NetworkAddress.port(raw) { return .number(number) }
        if case .port(let name)? = Template.parse(raw).onlyPart {
            note(.portTemplate, name, at: node.location)
            return .named(name)
        }
        guard NameRule.endpoint("a port").accepts(raw) else {
            error(
                at: node.location, "`\(raw.shortened)` is no port to connect to",
                remedy: "it is \(Definition<ProbePort>.words)")
            return nil
        }
        note(.probePort, raw, at: node.location)
        return .named(raw)
    }
}

extension Template {
    /// The part that is all of the template.
    fileprivate var onlyPart: Part? { parts.count == 1 ? parts[0] : nil }
}
