import StackModel

/// A whole stack as its files give it.
struct StackDraft: Sendable {
    var name: Located<String>?
    var services: Located<[NamedValue<ServiceEntry>]>?
    var control: Located<ControlDraft>?
    var sampling: Located<TimeLimit>?
}

/// A service with what is needed to judge it when all services are known.
struct ServiceEntry: Sendable {
    var draft: ServiceDraft
    var node: Node
    var references: [Report.Reference]

    /// The key is given, but its value has a fault, so that nothing may be concluded from its absence.
    func isFaulty<Value>(_ key: String, _ value: Located<Value>?) -> Bool {
        value == nil && node[key] != nil
    }
}

extension Definition where Value == StackDraft {
    static let stack: Definition = mapping(
        "the file", StackDraft.init, refused: RefusedKey.ofStacks, fields: StackDraft.fields)
}

extension StackDraft {
    static let fields: [Field<StackDraft>] = [
        Field("name", \.name, .stackName, default: "the base name of the first file's directory", "The stack's name."),
        Field("services", \.services, .services, "What runs, by name."),
        Field(resolved: "secrets", .secretFiles, "Files that services read, by names, each as `{file: PATH}`."),
        Field("control", \.control, .control, "Who may do what over the control API."),
        Field(
            "sampling", \.sampling, .sampling, default: "1m",
            "How often what every instance uses is measured, to foresee when a limit will be reached; `off` is never. "
                + "A service with `autoscale` is measured at its `interval`."),
        Field(resolved: "include", .includes, "Files whose services are added to these."),
        Field("version", .text("a text"), "Obsolete, as in Compose.") { _, _, entry, report in
            report.warning(at: entry.keyLocation, "`version` is obsolete", remedy: "leave it out")
        },
    ]
}

extension Definition where Value == [NamedValue<ServiceEntry>] {
    fileprivate static let services: Definition = dictionary(
        of: Definition<ServiceDraft>.service.refine { draft, node, report in
            ServiceEntry(draft: draft, node: node, references: report.takeReferences())
        }, form: "a mapping of services", name: .service, isPartial: true)
}

extension Definition where Value == TimeLimit {
    fileprivate static let sampling: Definition = scalar(
        "a duration of `1s` or more, or `off`",
        schema: ["anyOf": [Definition<Duration>.duration.schema, ["enum": ["off"]]]]
    ) { text, _ in
        if text == "off" { return .never }
        return Duration(text: text).flatMap { $0 >= .seconds(1) ? .after($0) : nil }
    }
}

extension Definition where Value == String {
    fileprivate static let stackName: Definition = scalar(
        "lower-case letters, digits, `_` and `-`, a letter or digit first",
        schema: ["type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$"]
    ) { text, _ in StackName.isValid(text) ? text : nil }
}

/// Compose's rule for the name of a project.
enum StackName {
    static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 63 else { return false }
        return isAlphanumeric(first) && name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F }
    }

    /// The name that a directory gives: lower-cased, without what no name may have; nil where nothing is left.
    static func normalized(_ directoryName: some StringProtocol) -> String? {
        let bytes = directoryName.lowercased().utf8.filter { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F }
        let name = String(decoding: bytes.drop { !isAlphanumeric($0) }.prefix(63), as: UTF8.self)
        return name.isEmpty ? nil : name
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
