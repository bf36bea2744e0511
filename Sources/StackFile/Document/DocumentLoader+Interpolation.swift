extension DocumentLoader {
    /// A tree with the variables put into its scalars, which are in template form then; keys stay as they are.
    mutating func interpolate(_ root: Node, in source: SourceText, _ variables: Variables) -> Node {
        guard source.bytes.contains(UInt8(ascii: "$")) || source.bytes.contains(UInt8(ascii: "\\")) else { return root }
        return interpolated(root, in: source, variables)
    }

    private mutating func interpolated(_ node: Node, in source: SourceText, _ variables: Variables) -> Node {
        switch node.content {
        case .null:
            return node
        case .scalar(let text, let isQuoted):
            let interpolation = Interpolation(text) { name in
                askedVariables.insert(name)
                return variables[name]
            }
            diagnostics.append(interpolation.faults, in: source, from: node.location)
            guard interpolation.text != text, charge(Node.weight(ofText: interpolation.text), at: node.location) else {
                return node
            }
            return Node(.scalar(interpolation.text, isQuoted: isQuoted), at: node.location)
        case .sequence(let items):
            return Node(.sequence(items.map { interpolated($0, in: source, variables) }), at: node.location)
        case .mapping(let entries):
            let result = entries.map { entry in
                var entry = entry
                entry.value = interpolated(entry.value, in: source, variables)
                return entry
            }
            return Node(.mapping(result), at: node.location)
        }
    }
}
