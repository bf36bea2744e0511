/// The variables that a file's texts may refer to, in template form: a `$` in a value is doubled.
struct Variables: Sendable {
    private var values: [String: String]

    /// - Parameter environment: plain values, as the process has them.
    init(environment: [String: String]) {
        values = environment.mapValues(TemplateForm.escaped)
    }

    subscript(name: String) -> String? { values[name] }

    /// Adds the variables that are not there yet.
    mutating func addDefaults(_ variables: [EnvironmentFile.Variable]) {
        let defaults = variables.map { ($0.name, $0.value) }
        // Within the files the last one wins, before all of them what is there.
        values.merge(Dictionary(defaults, uniquingKeysWith: { $1 }), uniquingKeysWith: { existing, _ in existing })
    }
}

/// Scalars of a `Document`: `$$` stands for `$`, and any other `$` begins one of stackd's own references.
enum TemplateForm {
    /// A plain text in template form.
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(0x24) else { return text }
        return text.split(separator: "$", omittingEmptySubsequences: false).joined(separator: "$$")
    }
}
