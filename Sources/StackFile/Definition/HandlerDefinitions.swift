import StackModel

extension Definition where Value == HandlerDraft {
    static let exec: Definition = Definition<[Template]>.program.map { HandlerDraft.complete(.exec(command: $0)) }

    static let tcp: Definition = Definition<Endpoint>.endpoint.map {
        HandlerDraft.complete(.tcp(host: $0.host, port: $0.port))
    }

    static let unix: Definition = Definition(form: "the path of a socket", schema: ["type": "string", "minLength": 1]) {
        node, key, report in
        guard case .scalar(let raw, _) = node.content, !raw.isEmpty else {
            return report.mismatch(node, of: key, form: "the path of a socket")
        }
        return report.unixName(raw, at: node).map { .complete(.unix(path: $0)) }
    }

    static let grpc: Definition = forms(
        "a port, `HOST:PORT`, or `{port: …, service: …}`",
        scalar: Definition<Endpoint>.endpointText.map { .complete(.grpc(host: $0.host, port: $0.port, service: "")) },
        mapping: Definition<GRPCDraft>.grpc.refine { draft, _, _ in
            draft.port.map { port in
                .complete(
                    .grpc(
                        host: draft.host?.value ?? Endpoint.localHost, port: port.value,
                        service: draft.service?.value ?? ""))
            }
        })

    static let log: Definition = Definition<String>.forms(
        "a regular expression, or `{pattern: …}`", scalar: .regularExpression,
        mapping: Definition<LogDraft>.mapping(
            "a log probe", LogDraft.init, required: ["pattern"],
            fields: [
                Field("pattern", \.pattern, .regularExpression, "What a line of the output must match.")
            ]
        ).refine { draft, _, _ in draft.pattern?.value }
    ).map { HandlerDraft.complete(.log(pattern: $0)) }

    static let notify: Definition = Definition<Bool>.boolean.described("`true`").refine { isOn, node, report in
        guard isOn else {
            report.error(at: node.location, "`notify` of a probe cannot be `false`", remedy: "leave the probe out")
            return nil
        }
        return HandlerDraft.complete(.notify)
    }

    static let listening: Definition = Definition<ProbePort>.forms(
        "a port, or `{port: …}`", scalar: .probePort,
        mapping: Definition<PortDraft>.mapping(
            "a listening probe", PortDraft.init, required: ["port"],
            fields: [
                Field("port", \.port, .probePort, "The port that must be bound.")
            ]
        ).refine { draft, _, _ in draft.port?.value }
    ).map { HandlerDraft.complete(.listening(port: $0)) }
}

private struct LogDraft: Sendable {
    var pattern: Located<String>?
}

private struct PortDraft: Sendable {
    var port: Located<ProbePort>?
}

private struct GRPCDraft: Sendable {
    var host: Located<String>?
    var port: Located<ProbePort>?
    var service: Located<String>?
}

extension Definition where Value == GRPCDraft {
    fileprivate static let grpc: Definition = mapping(
        "a gRPC probe", GRPCDraft.init, required: ["port"],
        fields: [
            Field("port", \.port, .probePort, "A number, or the name of one of the service's ports."),
            Field("host", \.host, .host, default: Endpoint.localHost, "A numeric address, or `localhost`."),
            Field(
                "service", \.service, .text("the name of a gRPC service"),
                "Whose health is asked for; by default the whole server's."),
        ])
}
