import StackModel

/// An entry of `depends_on` as the file gives it.
struct DependencyDraft: Sendable {
    var service: Located<String>
    /// Nil, as in the short form, is `service_healthy` where the service has a readiness, `service_started` elsewhere.
    var condition: Located<DependencySpec.Condition>?
    /// A missing service is no fault.
    var isOptional = false
    /// When that service was replaced, this one is restarted.
    var restart = false
}

private struct DependencyOptions: Sendable {
    var condition: Located<DependencySpec.Condition>?
    var required: Located<Bool>?
    var restart: Located<Bool>?
}

extension Definition where Value == [DependencyDraft] {
    /// Compose's two forms.
    static let dependencies: Definition = forms(
        "a list of services, or a mapping such as `{db: {condition: service_healthy}}`",
        sequence: Definition<[Located<String>]>.list(
            of: Definition<String>.text("the name of a service").located, form: "a list of services"
        ).refine { names, _, report in
            var seen: Set<String> = []
            for name in names where !seen.insert(name.value).inserted {
                report.error(at: name.location, "`\(name.value)` is listed twice", remedy: "list it once")
            }
            return names.map { DependencyDraft(service: $0) }
        },
        mapping: Definition<[NamedValue<DependencyOptions>]>.dictionary(
            of: .optionsOrNothing, form: "a mapping of services", name: .service
        ).map { entries in
            entries.map {
                DependencyDraft(
                    service: $0.name, condition: $0.value.condition, isOptional: $0.value.required?.value == false,
                    restart: $0.value.restart?.value ?? false)
            }
        })
}

extension Definition where Value == DependencyOptions {
    /// An entry without a value is the short form.
    fileprivate static let optionsOrNothing: Definition = Definition(
        form: options.form, schema: ["anyOf": [options.schema, ["type": "null"]]]
    ) { node, key, report in
        if case .null = node.content { return DependencyOptions() }
        return options.read(node, key, &report)
    }

    private static let options: Definition = mapping(
        "a dependency", DependencyOptions.init,
        fields: [
            Field(
                "condition", \.condition,
                .choice([
                    "service_started": .started, "service_healthy": .healthy,
                    "service_completed_successfully": .completedSuccessfully,
                ]), "What must hold before this service starts."),
            Field("required", \.required, .boolean, default: "true", "Whether the service must be there at all."),
            Field(
                "restart", \.restart, .boolean, default: "false",
                "Whether this service is restarted when that one was replaced."),
        ])
}

extension NameRule {
    static let service = NameRule(
        thing: "a service", form: "a letter or digit, then letters, digits, `.`, `_` and `-`, 63 at the most",
        pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$", leavesExtensions: true
    ) { ServiceName($0) != nil }
}
