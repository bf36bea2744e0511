/// A key of a mapping: its name, what it means, what its value may be, and where the value goes.
struct Field<Root: Sendable>: Sendable {
    let name: String
    /// One sentence.
    let documentation: String
    /// What is taken where the key is not given, as the file would write it.
    let standard: String?
    let form: String
    let schema: JSONValue
    let assign: @Sendable (inout Root, Node.Entry, inout Report) -> Void

    /// - Parameters:
    ///   - path: where the value goes; nil stays there where the key is not given or has a fault.
    ///   - standard: the default, as the file would write it.
    init<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, Located<Value>?> & Sendable, _ definition: Definition<Value>,
        default standard: String? = nil, _ documentation: String
    ) {
        self.init(name, definition, default: standard, documentation) { root, value, entry, _ in
            root[keyPath: path] = Located(value, at: entry.value.location)
        }
    }

    /// A key whose value is more than one place's business.
    init<Value: Sendable>(
        _ name: String, _ definition: Definition<Value>, default standard: String? = nil, _ documentation: String,
        assign: @escaping @Sendable (inout Root, Value, Node.Entry, inout Report) -> Void
    ) {
        self.name = name
        self.documentation = documentation
        self.standard = standard
        form = definition.form
        schema = definition.schema
        let read = definition.read
        self.assign = { root, entry, report in
            guard let value = read(entry.value, entry.key, &report) else { return }
            assign(&root, value, entry, &report)
        }
    }

    /// A key that has been carried out before anything is decoded.
    init<Value>(resolved name: String, _ definition: Definition<Value>, _ documentation: String) {
        self.init(name, definition, documentation) { _, _, _, _ in }
    }
}

/// A key that people may expect from Compose but that is refused, with what to do in its place.
struct RefusedKey: Sendable {
    let name: String
    /// What is wrong with it, after the key's name: `is for containers`.
    let reason: String
    let remedy: String

    init(_ name: String, _ reason: String, _ remedy: String) {
        self.name = name
        self.reason = reason
        self.remedy = remedy
    }
}

extension Definition {
    /// A mapping of known keys; unknown ones are faults, `x-…` is passed over.
    ///
    /// - Parameters:
    ///   - initial: what the fields fill in.
    ///   - required: the keys that must be there.
    ///   - thing: what the mapping describes, for messages: `a service`.
    static func mapping(
        _ thing: String, _ initial: @escaping @Sendable () -> Value, required: [String] = [],
        refused: [RefusedKey] = [], fields: [Field<Value>]
    ) -> Definition {
        let byName = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0) })
        let refusedByName = Dictionary(uniqueKeysWithValues: refused.map { ($0.name, $0) })
        let form =
            "a mapping with " + fields.prefix(6).map { "`\($0.name)`" }.joined(separator: ", ")
            + (fields.count > 6 ? ", …" : "")
        return Definition(form: form, schema: schema(of: fields, required: required)) { node, key, report in
            guard case .mapping(let entries) = node.content else { return report.mismatch(node, of: key, form: form) }
            var value = initial()
            var hasUnknownKey = false
            for entry in entries where !entry.key.hasPrefix("x-") {
                if let field = byName[entry.key] {
                    field.assign(&value, entry, &report)
                } else if let refusal = refusedByName[entry.key] {
                    report.error(at: entry.keyLocation, "`\(entry.key)` \(refusal.reason)", remedy: refusal.remedy)
                } else {
                    report.unknownKey(entry, of: thing, candidates: fields.map(\.name))
                    hasUnknownKey = true
                }
            }
            guard let missing = required.first(where: { node[$0] == nil }) else { return value }
            // A misspelt key has been told; it is probably the one that is missing.
            if !hasUnknownKey {
                report.error(
                    at: node.location, "\(thing) needs `\(missing)`", remedy: byName[missing].map { "it is \($0.form)" }
                )
            }
            return nil
        }
    }

    private static func schema(of fields: [Field<Value>], required: [String]) -> JSONValue {
        let properties = fields.map { field in
            let documentation = field.documentation + (field.standard.map { " Default: \($0)." } ?? "")
            return JSONValue.Member(
                field.name, field.schema.adding([JSONValue.Member("description", .string(documentation))]))
        }
        var members: [JSONValue.Member] = [
            .init("type", "object"), .init("properties", .object(properties)),
            .init("patternProperties", ["^x-": [:]]), .init("additionalProperties", false),
        ]
        if !required.isEmpty { members.append(.init("required", .array(required.map { .string($0) }))) }
        return .object(members)
    }
}

extension Report {
    mutating func unknownKey(_ entry: Node.Entry, of thing: String, candidates: [String]) {
        let remedy =
            suggestion(for: entry.key, among: candidates).map { "did you mean `\($0)`?" }
            ?? (candidates.count <= 8
                ? "\(thing) has " + candidates.map { "`\($0)`" }.joined(separator: ", ")
                : "a note of your own begins with `x-`")
        error(at: entry.keyLocation, "unknown key `\(entry.key.shortened)`", remedy: remedy)
    }
}
