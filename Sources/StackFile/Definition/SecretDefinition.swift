import StackModel

/// The files of the stack's secrets by their names, as they are needed wherever a service refers to one.
struct SecretFiles: Sendable {
    /// Absolute paths.
    private var paths: [String: String] = [:]
    /// Those too whose entry has a fault.
    private(set) var names: [String] = []

    init() {}

    /// - Parameters:
    ///   - node: the file's `secrets`.
    ///   - directory: what relative paths start from.
    init(_ node: Node?, in directory: String, _ report: Report) {
        guard let node else { return }
        // Their faults are told when the file is decoded.
        var report = report
        let files = Definition<[NamedValue<String>]>.secretFiles.read(node, "secrets", &report) ?? []
        names = node.entries.map(\.key)
        paths = Dictionary(
            files.map { ($0.name.value, Paths.join(directory, $0.value)) }, uniquingKeysWith: { first, _ in first })
    }

    func path(of name: String) -> String? { paths[name] }

    /// A template with the paths in the place of the references that there are secrets for.
    func fill(_ template: Template) -> Template {
        var parts: [Template.Part] = []
        for part in template.parts {
            var part = part
            if case .secret(let name) = part, let path = paths[name] { part = .text(path) }
            if case .text(let next) = part, case .text(let last)? = parts.last {
                parts[parts.count - 1] = .text(last + next)
            } else {
                parts.append(part)
            }
        }
        return Template(parts: parts)
    }
}

private struct SecretFileDraft: Sendable {
    var file: Located<String>?
}

extension Definition where Value == [NamedValue<String>] {
    /// The paths of the file's `secrets`, as it has them.
    static let secretFiles: Definition = dictionary(
        of: Definition<SecretFileDraft>.mapping(
            "a secret", SecretFileDraft.init, required: ["file"],
            refused: [
                RefusedKey(
                    "environment", "would put the secret where every process of its user can read it",
                    "write it to a file, and name that: `file: PATH`"),
                RefusedKey("external", "is for platforms that keep secrets", "name a file: `file: PATH`"),
                RefusedKey("name", "is for platforms that keep secrets", "leave it out"),
                RefusedKey("driver", "is for platforms that keep secrets", "name a file: `file: PATH`"),
                RefusedKey("driver_opts", "is for platforms that keep secrets", "leave it out"),
                RefusedKey("template_driver", "is for platforms that keep secrets", "leave it out"),
                RefusedKey("labels", "is metadata of containers", "keep notes under a key that begins with `x-`"),
            ],
            fields: [Field("file", \.file, .text("a path"), "The file that is the secret.")]
        ).refine { draft, _, _ in draft.file?.value },
        form: "a mapping such as `{password: {file: ./password.txt}}`", name: .secret, isPartial: true)
}

private struct SecretUse: Sendable {
    var source: Located<String>?
}

extension Definition where Value == [Located<String>] {
    /// The secrets of a service, in Compose's two forms.
    static let secrets: Definition = list(
        of: Definition<String>.forms(
            "the name of a secret, or `{source: …}`", scalar: .secretName,
            mapping: Definition<SecretUse>.mapping(
                "a secret of a service", SecretUse.init, required: ["source"], refused: refusedKeys,
                fields: [Field("source", \.source, .secretName, "The secret's name.")]
            ).refine { use, _, _ in use.source?.value }
        ).located, form: "a list of secrets"
    ).refine { names, _, report in
        var seen: Set<String> = []
        for name in names where !seen.insert(name.value).inserted {
            report.error(at: name.location, "`\(name.value)` is listed twice", remedy: "list it once")
        }
        return names
    }

    private static let refusedKeys = ["target", "uid", "gid", "mode"].map { key in
        RefusedKey(
            key, "is about a copy in a container",
            "the program reads the host's file, whose path is `${secret.NAME}`: leave it out")
    }
}

extension Definition where Value == String {
    fileprivate static let secretName: Definition = {
        let rule = NameRule.secret
        return scalar("the name of a secret", schema: ["type": "string", "pattern": .string(rule.pattern)]) { text, _ in
            rule.accepts(text) ? text : nil
        }
    }()
}

extension NameRule {
    /// As for services, which are named in the same places.
    fileprivate static let secret = NameRule(
        thing: "a secret", form: NameRule.service.form, pattern: NameRule.service.pattern, leavesExtensions: true,
        accepts: NameRule.service.accepts)
}

private struct SecretChangeKeys: Sendable {
    var signal: Located<Signal>?
}

extension Definition where Value == SecretChangeAction {
    private static let words = "`rollout`, `none`, or a signal such as `SIGHUP` or `{signal: SIGHUP}`"

    static let secretChange: Definition = forms(
        words,
        scalar: scalar(words, schema: ["type": ["string", "integer"]]) { text, _ in
            switch text {
            case "rollout": .rollout
            case "none": .nothing
            default: Signal(text: text).map { .signal($0) }
            }
        },
        mapping: Definition<SecretChangeKeys>.mapping(
            "`on_secret_change`", SecretChangeKeys.init, required: ["signal"],
            fields: [Field("signal", \.signal, .signal, "What the main process of each instance gets.")]
        ).refine { keys, _, _ in keys.signal.map { .signal($0.value) } })
}

extension ServiceEntry {
    /// The secrets that the service names and that there are.
    func secrets(report: inout Report) -> [SecretSpec] {
        if let action = draft.secretChange, node["secrets"] == nil {
            report.error(
                at: action.location, "the service has no `secrets`, so none of them changes",
                remedy: "name them: `secrets: [NAME]`")
        }
        var found: [SecretSpec] = []
        for name in draft.secrets?.value ?? [] {
            if let path = report.secrets.path(of: name.value) {
                found.append(SecretSpec(name: name.value, path: path))
            } else if !report.secrets.names.contains(name.value) {
                let near = suggestion(for: name.value, among: report.secrets.names)
                report.error(
                    at: name.location, "there is no secret `\(name.value.shortened)`",
                    remedy: near.map { "did you mean `\($0)`?" }
                        ?? "add it to the file's `secrets`: `\(name.value.shortened): {file: PATH}`")
            }
        }
        return found.sorted { $0.name < $1.name }
    }
}
