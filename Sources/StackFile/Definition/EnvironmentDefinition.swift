import StackModel

extension Definition where Value == [EnvironmentVariable?] {
    private static let words = "a mapping of variables, or a list of `NAME=value`"

    /// Compose's two forms: a mapping, or a list of `NAME=value`.
    ///
    /// A name alone takes its value from outside. The document layer has filled in those that there are; what still
    /// has none is nil and gets no variable.
    static let environment: Definition = forms(
        words,
        sequence: .list(of: .listEntry, form: words),
        mapping: Definition<[NamedValue<Template?>]>.dictionary(of: .value, form: words, name: .variable).map {
            entries in
            entries.map { entry in
                entry.value.map { EnvironmentVariable(name: entry.name.value, value: $0) }
            }
        })
}

extension Definition where Value == EnvironmentVariable? {
    fileprivate static let listEntry = Definition(
        form: "`NAME=value`", schema: ["type": "string", "pattern": "^[^=]+(=|$)"]
    ) { node, key, report in
        guard case .scalar(let text, _) = node.content else {
            return report.mismatch(node, of: key, form: "`NAME=value`")
        }
        let halves = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = report.plainText(String(halves.first ?? ""), at: node.location, key: key) else { return nil }
        guard NameRule.variable.accepts(name) else { return report.mismatch(node, of: key, form: "`NAME=value`") }
        guard halves.count == 2 else { return .some(nil) }
        return report.template(String(halves[1]), at: node).map { EnvironmentVariable(name: name, value: $0) }
    }
}

extension Definition where Value == Template? {
    fileprivate static let value = Definition(
        form: "a text", schema: ["type": ["string", "number", "boolean", "null"]]
    ) { node, key, report in
        if case .null = node.content { return .some(nil) }
        return Definition<Template>.template("a text", allowsEmpty: true).read(node, key, &report).map { .some($0) }
    }
}
