import StackModel

/// Compose's `develop`.
private struct DevelopDraft: Sendable {
    var watches: Located<[WatchSpec]>?
}

/// An entry of `develop.watch`, as the file gives it.
struct WatchDraft: Sendable {
    var path: Located<String>?
    var action: Located<WatchAction>?
    var ignore: Located<[PathPattern]>?
    var include: Located<[PathPattern]>?
    var debounce: Located<Duration>?
}

/// The one action that has a meaning without containers.
struct WatchAction: Sendable {}

extension Definition where Value == [WatchSpec] {
    /// The paths are as the file has them, relative or not.
    static let develop: Definition = Definition<DevelopDraft>.mapping(
        "`develop`", DevelopDraft.init,
        fields: [
            Field(
                "watch", \.watches,
                Definition<[WatchSpec]>.list(of: .watch, form: "a list such as `[{path: ./src, action: restart}]`"),
                "What restarts the service when it changes, while `stackctl watch` or `up --watch` runs.")
        ]
    ).map { $0.watches?.value ?? [] }
}

extension Definition where Value == WatchSpec {
    fileprivate static let watch: Definition = Definition<WatchDraft>.mapping(
        "a watch", WatchDraft.init, required: ["path"], refused: RefusedKey.ofWatches, fields: WatchDraft.fields
    ).refine { draft, _, _ in
        draft.path.map {
            WatchSpec(
                path: $0.value, ignore: draft.ignore?.value ?? [], include: draft.include?.value ?? [],
                debounce: draft.debounce?.value ?? WatchSpec.standardDebounce)
        }
    }
}

extension WatchDraft {
    static let fields: [Field<WatchDraft>] = [
        Field("path", \.path, .text("a path"), "A file, or a directory with all that is below it."),
        Field("action", \.action, .action, default: "restart", "What a change leads to."),
        Field(
            "ignore", \.ignore, .patterns,
            "What is left alone, as in a .dockerignore file, relative to `path`; so are, always, Git's directories and "
                + "what editors leave beside a file."),
        Field("include", \.include, .patterns, "Where given, only what one of these matches counts."),
        Field(
            "debounce", \.debounce, .duration, default: WatchSpec.standardDebounce.text,
            "How long nothing may change any more before the service is restarted."),
    ]
}

extension Definition where Value == WatchAction {
    private static let containerActions = ["sync", "rebuild", "sync+restart", "sync+exec"]

    fileprivate static let action: Definition = Definition(
        form: "`restart`", schema: ["type": "string", "enum": ["restart"]]
    ) { node, key, report in
        guard case .scalar(let text, _) = node.content else { return report.mismatch(node, of: key, form: "`restart`") }
        if text == "restart" { return WatchAction() }
        guard containerActions.contains(text) else { return report.mismatch(node, of: key, form: "`restart`") }
        report.error(
            at: node.location, "the action `\(text)` has no meaning without containers",
            remedy: "the program runs from the host's files: use `restart`"
                + (text == "rebuild" ? ", and let the build write what is watched" : ""))
        return nil
    }
}

extension Definition where Value == [PathPattern] {
    private static let words = "a pattern such as `*.log`, or a list of patterns"

    fileprivate static let patterns: Definition = forms(
        words, scalar: Definition<PathPattern>.pattern.map { [$0] }, sequence: list(of: .pattern, form: words))
}

extension Definition where Value == PathPattern {
    fileprivate static let pattern: Definition = Definition<String>.text("a pattern such as `*.log`").refine {
        text, node, report in
        do throws(PathPattern.Fault) {
            return try PathPattern(text)
        } catch {
            report.error(at: node.location, "the pattern `\(text.shortened)` \(error.message)", remedy: error.remedy)
            return nil
        }
    }
}
