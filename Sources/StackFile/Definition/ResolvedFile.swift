public import StackModel

/// A stack file in which nothing is left to be guessed: long forms, every default, all variables filled in.
///
/// Loading what it prints gives the same spec again, from the same directory.
public struct ResolvedFile: Hashable, Sendable {
    private let content: JSONValue

    public init(_ spec: StackSpec) {
        content = .present([
            "name": .string(TemplateForm.escaped(spec.name)),
            "control": spec.control.json,
            "services": .object(spec.services.map { JSONValue.Member($0.name.text, $0.json) }),
        ])
    }

    public var yaml: String { content.yaml }

    public var json: String { content.text + "\n" }
}
