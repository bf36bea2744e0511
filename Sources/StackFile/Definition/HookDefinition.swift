import StackModel

extension Definition where Value == [Template] {
    /// A command, `{exec: COMMAND}`, or Compose's list of one `{command: …}`.
    static let hook: Definition = Definition(
        form: "a command, or `{exec: …}`",
        schema: [
            "anyOf": [program.schema, execHook.schema, ["type": "array", "maxItems": 1, "items": composeHook.schema]]
        ]
    ) { node, key, report in
        switch node.content {
        case .mapping: return execHook.read(node, key, &report)
        case .sequence(let elements):
            guard let first = elements.first, case .mapping = first.content else {
                return program.read(node, key, &report)
            }
            guard elements.count == 1 else {
                report.error(
                    at: elements[1].location, "`\(key)` has more than one command",
                    remedy: "put them into one: `[sh, -c, \"…\"]`")
                return nil
            }
            return composeHook.read(first, key, &report)
        case .scalar, .null: return program.read(node, key, &report)
        }
    }

    private static let execHook: Definition = Definition<HookDraft>.mapping(
        "a hook", HookDraft.init, required: ["exec"],
        fields: [
            Field("exec", \.command, .program, "The command.")
        ]
    ).refine { draft, _, _ in draft.command?.value }

    private static let composeHook: Definition = Definition<HookDraft>.mapping(
        "a hook", HookDraft.init, required: ["command"],
        fields: [
            Field("command", \.command, .program, "The command.")
        ]
    ).refine { draft, _, _ in draft.command?.value }
}

private struct HookDraft: Sendable {
    var command: Located<[Template]>?
}
