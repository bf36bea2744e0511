/// What a key's value may look like and what it means: decoder, JSON Schema and words for people in one.
struct Definition<Value: Sendable>: Sendable {
    /// In words, as it ends the sentence "it is …": `a duration such as 10s`.
    let form: String
    let schema: JSONValue
    /// The value of a node, or nil after a fault was reported. The key is the one that the node is the value of.
    let read: @Sendable (_ node: Node, _ key: String, _ report: inout Report) -> Value?

    /// This definition with its value made into another; nil from the transform must come after a report.
    func refine<Other: Sendable>(
        _ transform: @escaping @Sendable (_ value: Value, _ node: Node, _ report: inout Report) -> Other?
    ) -> Definition<Other> {
        Definition<Other>(form: form, schema: schema) { [read] node, key, report in
            read(node, key, &report).flatMap { transform($0, node, &report) }
        }
    }

    func map<Other: Sendable>(_ transform: @escaping @Sendable (Value) -> Other) -> Definition<Other> {
        refine { value, _, _ in transform(value) }
    }

    /// This definition in other words.
    func described(_ form: String) -> Definition {
        Definition(form: form, schema: schema, read: read)
    }

    /// This definition with its schema kept in one place, for what stands in several.
    func shared(as name: String) -> Definition {
        Definition(form: form, schema: ["$ref": .string("#/$defs/\(name)")], read: read)
    }

    /// A value in any of several forms, told apart by whether it is a scalar, a list or a mapping.
    static func forms(
        _ form: String, scalar: Definition? = nil, sequence: Definition? = nil, mapping: Definition? = nil
    ) -> Definition {
        // A form may be there only to be refused with good advice.
        let forms = [scalar, sequence, mapping].compactMap { $0?.schema }.filter { $0 != false }
        return Definition(form: form, schema: forms.count == 1 ? forms[0] : ["anyOf": .array(forms)]) {
            node, key, report in
            let chosen: Definition?
            switch node.content {
            case .null: chosen = nil
            case .scalar: chosen = scalar
            case .sequence: chosen = sequence
            case .mapping: chosen = mapping
            }
            guard let chosen else { return report.mismatch(node, of: key, form: form) }
            return chosen.read(node, key, &report)
        }
    }
}

extension Report {
    /// Says that a node is not what its key takes, and gives nil for the value that could not be read.
    mutating func mismatch<Value>(_ node: Node, of key: String, form: String) -> Value? {
        let found: String
        switch node.content {
        case .null:
            error(at: node.location, "`\(key)` has no value", remedy: "it is \(form)")
            return nil
        case .scalar(let text, _): found = "`\(text.shortened)`"
        case .sequence: found = "a list"
        case .mapping: found = "a mapping"
        }
        error(at: node.location, "`\(key)` cannot be \(found)", remedy: "it is \(form)")
        return nil
    }
}

extension String {
    /// Short enough to be quoted in a message, on one line.
    var shortened: String {
        let line = prefix(60).map { $0.isNewline ? "⏎" : $0 }
        return String(line) + (line.count < count ? "…" : "")
    }
}

extension Definition {
    /// This definition for what only instances get.
    var ofInstances: Definition {
        Definition(form: form, schema: schema) { [read] node, key, report in
            report.isOfInstances = true
            defer { report.isOfInstances = false }
            return read(node, key, &report)
        }
    }

    /// This definition's value with its place.
    var located: Definition<Located<Value>> {
        refine { value, node, _ in Located(value, at: node.location) }
    }
}
