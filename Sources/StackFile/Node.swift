/// A value of a YAML document with the place where it stands, after anchors, aliases and merge keys are resolved.
public struct Node: Sendable {
    public indirect enum Content: Sendable {
        case null
        /// A plain or quoted scalar; `isQuoted` tells `"true"` (always a string) from `true`.
        case scalar(String, isQuoted: Bool)
        case sequence([Node])
        case mapping([Entry])
    }

    /// An entry of a mapping, in the order of the file; a mapping has each key once.
    public struct Entry: Sendable {
        public var key: String
        public var keyLocation: SourceLocation
        public var value: Node

        public init(key: String, keyLocation: SourceLocation, value: Node) {
            self.key = key
            self.keyLocation = keyLocation
            self.value = value
        }
    }

    public var content: Content
    public var location: SourceLocation

    public init(_ content: Content, at location: SourceLocation) {
        self.content = content
        self.location = location
    }

    /// The value of a key; nil where this is no mapping or has no such key.
    public subscript(key: String) -> Node? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }
}
