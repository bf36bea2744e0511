import StackModel

/// A probe of a Model Context Protocol server as the file gives it.
private struct MCPDraft: Sendable {
    var stdio: Located<StdioDraft>?
    var http: Located<HTTPAddress>?
    var tools: Located<[String]>?
}

private enum StdioDraft: Sendable {
    /// `stdio: true`: the service's own.
    case ownCommand
    case command([Template])
}

extension Definition where Value == HandlerDraft {
    static let mcp: Definition = forms(
        "a URL, `{stdio: …}` or `{http: …}`",
        scalar: Definition<HTTPAddress>.httpAddress(customaryPath: "/mcp").map {
            .complete(.mcp(MCPProbe(transport: $0.mcpTransport)))
        },
        mapping: Definition<MCPDraft>.mcp.refine { draft, node, report in
            let tools = draft.tools?.value ?? []
            switch (draft.stdio?.value, draft.http?.value) {
            case (.ownCommand?, nil): return .ownCommandAsMCP(tools: tools)
            case (.command(let command)?, nil):
                return .complete(.mcp(MCPProbe(transport: .stdio(command: command), tools: tools)))
            case (nil, let address?): return .complete(.mcp(MCPProbe(transport: address.mcpTransport, tools: tools)))
            case (nil, nil):
                if node["stdio"] == nil, node["http"] == nil {
                    report.error(
                        at: node.location, "the MCP probe has no transport", remedy: "give it `stdio` or `http`")
                }
                return nil
            case (.some, .some):
                report.error(at: node.location, "the MCP probe has two transports", remedy: "keep `stdio` or `http`")
                return nil
            }
        })
}

extension HTTPAddress {
    fileprivate var mcpTransport: MCPProbe.Transport { .http(host: endpoint.host, port: endpoint.port, path: path) }
}

extension Definition where Value == MCPDraft {
    fileprivate static let mcp: Definition = mapping(
        "an MCP probe", MCPDraft.init,
        fields: [
            Field(
                "stdio", \.stdio, .stdio,
                "A command that is run for the probe alone, over stdio; `true` is the service's own."),
            Field("http", \.http, .mcpAddress, "The URL of a server over streamable HTTP, or `{port: …, path: …}`."),
            Field(
                "tools", \.tools,
                .list(of: .text("the name of a tool"), form: "a list of names of tools"), "Tools that must be there."),
        ])
}

extension Definition where Value == StdioDraft {
    fileprivate static let stdio: Definition = forms(
        "a command as a list, or `true` for the service's own",
        scalar: Definition<Bool>.boolean.described("`true`, or a command as a list").refine { isOn, node, report in
            guard isOn else {
                report.error(at: node.location, "`stdio` cannot be `false`", remedy: "leave it out")
                return nil
            }
            return StdioDraft.ownCommand
        },
        sequence: Definition<[Template]>.program.map { .command($0) })
}

private struct MCPAddressDraft: Sendable {
    var port: Located<ProbePort>?
    var host: Located<String>?
    var path: Located<Template>?
}

extension Definition where Value == HTTPAddress {
    fileprivate static let mcpAddress: Definition = forms(
        "a URL such as `http://127.0.0.1:8080/mcp`, or `{port: …, path: …}`",
        scalar: httpAddress(customaryPath: "/mcp"),
        mapping: Definition<MCPAddressDraft>.mapping(
            "an MCP server", MCPAddressDraft.init, required: ["port"],
            fields: [
                Field("port", \.port, .probePort, "A number, or the name of one of the service's ports."),
                Field("host", \.host, .host, default: Endpoint.localHost, "A numeric address, or `localhost`."),
                Field("path", \.path, .httpPath, default: "/mcp", "The path of the server."),
            ]
        ).refine { draft, _, _ in
            draft.port.map {
                HTTPAddress(
                    endpoint: Endpoint(host: draft.host?.value ?? Endpoint.localHost, port: $0.value),
                    path: draft.path?.value ?? "/mcp")
            }
        })
}
