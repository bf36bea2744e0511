public import StackModel

/// A stack file in which nothing is left to be guessed: long forms, every default, all variables filled in.
///
/// Loading what it prints gives the same spec again, from the same directory.
public struct ResolvedFile: Hashable, Sendable {
    private let content: JSONValue

    public init(_ spec: StackSpec) {
        content = .present([
            "name": .plain(spec.name),
            "secrets": .nonEmpty(Self.secrets(of: spec)),
            "control": spec.control.json,
            "sampling": spec.sampling.map { .duration($0) } ?? "off",
            "services": .object(spec.services.map { JSONValue.Member($0.name.text, $0.json) }),
        ])
    }

    private static func secrets(of spec: StackSpec) -> [JSONValue.Member] {
        let files = Dictionary(
            spec.services.flatMap(\.secrets).map { ($0.name, $0.path) }, uniquingKeysWith: { first, _ in first })
        return files.sorted { $0.key < $1.key }.map { .init($0.key, ["file": .plain($0.value)]) }
    }

    public var yaml: String { content.yaml }

    public var json: String { content.text + "\n" }
}
