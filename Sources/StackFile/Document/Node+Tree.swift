/// How the document layer looks at trees and changes them.
extension Node {
    /// What it costs to keep and to decode it: one for each value below and each 64 bytes of text.
    var weight: Int {
        switch content {
        case .null: 1
        case .scalar(let text, _): Self.weight(ofText: text)
        case .sequence(let items): items.reduce(1) { $0 + $1.weight }
        case .mapping(let entries): entries.reduce(1) { $0 + $1.value.weight }
        }
    }

    static func weight(ofText text: String) -> Int { 1 + text.utf8.count / 64 }

    /// What it is, for messages.
    var kind: String {
        switch content {
        case .null: "nothing"
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    var isNull: Bool {
        if case .null = content { true } else { false }
    }

    /// The text of a scalar, in template form; nil for anything else.
    var text: String? {
        guard case .scalar(let text, _) = content else { return nil }
        return text
    }

    /// The entries of a mapping; none for anything else. Setting them makes it a mapping.
    var entries: [Entry] {
        get {
            guard case .mapping(let entries) = content else { return [] }
            return entries
        }
        set { content = .mapping(newValue) }
    }

    var isMapping: Bool {
        if case .mapping = content { true } else { false }
    }

    /// The items of a list; a single value counts as a list of one, nothing as an empty one.
    var items: [Node] {
        switch content {
        case .null: []
        case .sequence(let items): items
        case .scalar, .mapping: [self]
        }
    }

    /// Puts a value in the place of an entry, or in a new last one.
    mutating func set(_ key: String, to value: Node, keyLocation: SourceLocation) {
        var changed = entries
        if let index = changed.firstIndex(where: { $0.key == key }) {
            changed[index].value = value
        } else {
            changed.append(Entry(key: key, keyLocation: keyLocation, value: value))
        }
        entries = changed
    }

    mutating func remove(_ key: String) {
        guard isMapping else { return }
        entries.removeAll { $0.key == key }
    }

    /// The same value, wherever it stands.
    func isSame(as other: Node) -> Bool {
        switch (content, other.content) {
        case (.null, .null):
            true
        case (.scalar(let left, _), .scalar(let right, _)):
            left == right
        case (.sequence(let left), .sequence(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.mapping(let left), .mapping(let right)):
            left.count == right.count
                && zip(left, right).allSatisfy { $0.key == $1.key && $0.value.isSame(as: $1.value) }
        default:
            false
        }
    }
}
