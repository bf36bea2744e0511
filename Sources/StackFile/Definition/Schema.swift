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

    /// Markdown tables of the keys of the file, of a service, and of what has many keys of its own.
    static var reference: String {
        [
            table("The file", StackDraft.fields), table("`control`", ControlDraft.fields),
            table("A service", ServiceDraft.fields), table("An entry of `listen`", ListenerKeys.fields),
            table("An entry of `route`", RouteKeys.fields), table("A probe", Definition<ProbeDraft>.probeFields),
            table("`rollout`", RolloutDraft.fields), table("`analysis`, a step of a rollout", AnalysisDraft.fields),
            table("A metric of an analysis", AnalysisMetricDraft.fields),
            table("`autoscale`", AutoscaleDraft.fields), table("A metric of `autoscale`", LoadMetricDraft.fields),
            table("`prometheus`, a metric of `autoscale`", PrometheusLoadDraft.fields),
            table("`route`, a metric of `autoscale`", RouteLoadDraft.fields),
            table("`command`, a metric of `autoscale`", CommandLoadDraft.fields),
            table("`scale_up` and `scale_down` of `behavior`", DirectionDraft.fields),
            table("`resources`", ResourceDraft.fields), table("`logging`", LoggingDraft.fields),
            table("`schedule`", ScheduleDraft.fields),
            table("An entry of `develop.watch`", WatchDraft.fields),
        ].joined(separator: "\n")
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
