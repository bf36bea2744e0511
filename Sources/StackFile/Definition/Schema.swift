import StackModel

/// What the definitions say of themselves.
enum Schema {
    static let title = "stackd stack file"

    /// A JSON Schema (draft 2020-12) of the stack file.
    static var json: JSONValue {
        let head: JSONValue = ["$schema": "https://json-schema.org/draft/2020-12/schema", "title": .string(title)]
        let stack = Definition<StackDraft>.stack.schema
        guard case .object(let members) = stack else { return head }
        return head.adding(members + [JSONValue.Member("$defs", shared)])
    }

    /// What `Definition.shared(as:)` refers to.
    private static let shared: JSONValue = [
        "command": Definition<[Template]>.unsharedCommand.schema,
        "probe": Definition<ProbeDraft>.unsharedProbe.schema,
        "duration": Definition<Duration>.durationSchema,
        "variable": ["type": "string", "pattern": "\\$"],
    ]

    /// A Markdown table of the keys of a service and of the file.
    static var reference: String {
        table("The file", StackDraft.fields) + "\n" + table("A service", ServiceDraft.fields) + "\n"
            + table("A probe", Definition<ProbeDraft>.probeFields)
    }

    private static func table<Root>(_ title: String, _ fields: [Field<Root>]) -> String {
        let rows = fields.map { field in
            "| `\(field.name)` | \(cell(field.form)) | \(cell(field.standard ?? "")) | \(cell(field.documentation)) |\n"
        }
        return "### \(title)\n\n| Key | Value | Default | Meaning |\n| --- | --- | --- | --- |\n" + rows.joined()
    }

    private static func cell(_ text: String) -> String {
        text.map { $0 == "|" ? "\\|" : String($0) }.joined()
    }
}
