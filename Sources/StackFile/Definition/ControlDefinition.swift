import StackModel

/// Who may do what over the control API; paths are as the file has them, relative or not.
struct ControlDraft: Sendable {
    var access: Located<AccessDraft>?
    var listener: Located<ControlSpec.Listener>?
    var tokens: Located<[ControlSpec.Token]>?

    /// - Parameter directory: what relative paths start from.
    func resolved(in directory: String) -> ControlSpec {
        let tokens = (tokens?.value ?? []).map { token in
            ControlSpec.Token(name: token.name, role: token.role, file: Paths.join(directory, token.file))
        }
        return ControlSpec(grants: access?.value.grants ?? [], listener: listener?.value, tokens: tokens)
    }
}

struct AccessDraft: Sendable {
    fileprivate var read: Located<GrantDraft>?
    fileprivate var operate: Located<GrantDraft>?
    fileprivate var admin: Located<GrantDraft>?

    fileprivate var grants: [ControlSpec.Grant] {
        [(ControlRole.read, read), (.operate, operate), (.admin, admin)].compactMap { role, draft in
            draft.map { draft in
                ControlSpec.Grant(
                    role: role, users: draft.value.users?.value ?? [], groups: draft.value.groups?.value ?? [])
            }
        }
    }
}

private struct GrantDraft: Sendable {
    var users: Located<[String]>?
    var groups: Located<[String]>?
}

extension Definition where Value == ControlDraft {
    static let control: Definition = mapping("`control`", ControlDraft.init, fields: ControlDraft.fields).refine {
        draft, node, report in
        if let listener = draft.listener, node["tokens"] == nil || draft.tokens?.value.isEmpty == true {
            report.error(
                at: listener.location, "nobody could use the listener: no process can be told by its address",
                remedy: "add `tokens: [{name: …, role: read, file: …}]`")
        }
        if let tokens = draft.tokens, !tokens.value.isEmpty, node["listen"] == nil {
            report.error(
                at: tokens.location, "tokens are for the TCP listener, and there is none",
                remedy: "add `listen: 127.0.0.1:PORT`, or grant `access` on the control socket")
        }
        return draft
    }
}

extension ControlDraft {
    static let fields: [Field<ControlDraft>] = [
        Field(
            "access", \.access, .access,
            "Which users and groups get which role on the control socket, beside root and the daemon's own user."),
        Field("listen", \.listener, .loopback, "A TCP address of this host for clients that have a token."),
        Field("tokens", \.tokens, .tokens, "Who may use that address: each has a name, a `role` and a `file`."),
    ]
}

extension Definition where Value == AccessDraft {
    fileprivate static let access: Definition = mapping(
        "`access`", AccessDraft.init,
        fields: [
            Field("read", \.read, .grant, "Who may look."),
            Field("operate", \.operate, .grant, "Who may start, stop, scale and apply, too."),
            Field("admin", \.admin, .grant, "Who may run commands and end the daemon, too."),
        ])
}

extension Definition where Value == GrantDraft {
    fileprivate static let grant: Definition = mapping(
        "a role", GrantDraft.init,
        fields: [
            Field("users", \.users, .list(of: .userName, form: "a list of users"), "By name or number."),
            Field("groups", \.groups, .list(of: .group, form: "a list of groups"), "By name or number."),
        ])
}

extension Definition where Value == ControlSpec.Listener {
    private static let words = "`127.0.0.1:PORT` or `[::1]:PORT`"

    fileprivate static let loopback: Definition = Definition<String>.text(words).refine { text, node, report in
        guard let (host, port) = NetworkAddress.hostAndPort(text), let number = NetworkAddress.port(port) else {
            return report.mismatch(node, of: "listen", form: words)
        }
        if host == "localhost" { return ControlSpec.Listener(host: "127.0.0.1", port: number) }
        guard NetworkAddress.isLoopback(host) else {
            report.error(
                at: node.location, "what is sent to `\(text.shortened)` could be read on its way, tokens included",
                remedy: "listen on `127.0.0.1:\(number)`, and reach it by an ssh tunnel or a reverse proxy with TLS")
            return nil
        }
        return ControlSpec.Listener(host: host, port: number)
    }
}

private struct TokenDraft: Sendable {
    var name: Located<String>?
    var role: Located<ControlRole>?
    var file: Located<String>?
}

extension Definition where Value == [ControlSpec.Token] {
    fileprivate static let tokens: Definition = Definition<[Located<ControlSpec.Token>]>.list(
        of: Definition<ControlSpec.Token>.token.located,
        form: "a list such as `[{name: grafana, role: read, file: grafana.token}]`"
    ).refine { tokens, _, report in
        var names: Set<String> = []
        for token in tokens where !names.insert(token.value.name).inserted {
            report.error(
                at: token.location, "two tokens are named `\(token.value.name)`",
                remedy: "give each its own name, by which the audit log tells them apart")
        }
        return tokens.map(\.value)
    }
}

extension Definition where Value == ControlSpec.Token {
    fileprivate static let token: Definition = Definition<TokenDraft>.mapping(
        "a token", TokenDraft.init, required: ["name", "role", "file"],
        fields: [
            Field("name", \.name, .tokenName, "Who uses it, for the audit log."),
            Field(
                "role", \.role, .choice(["read": .read, "operate": .operate, "admin": .admin]),
                "What the holder may do."),
            Field("file", \.file, .text("a path"), "The file that holds nothing but the token."),
        ]
    ).refine { draft, _, _ in
        guard let name = draft.name?.value, let role = draft.role?.value, let file = draft.file?.value else {
            return nil
        }
        return ControlSpec.Token(name: name, role: role, file: file)
    }
}

extension Definition where Value == String {
    fileprivate static let tokenName: Definition = {
        let rule = NameRule.endpoint("a token")
        return scalar(rule.form, schema: ["type": "string", "pattern": .string(rule.pattern)]) { text, _ in
            rule.accepts(text) ? text : nil
        }
    }()
}
