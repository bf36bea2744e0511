@testable import StackFile

/// As much of JSON Schema (draft 2020-12) as the schema of the stack file uses.
struct SchemaValidator {
    let root: JSONValue

    /// A keyword that this validator does not know is a mistake in one of the two.
    static let keywords: Set<String> = [
        "$schema", "$defs", "$ref", "title", "description", "type", "anyOf", "enum", "minimum", "maximum", "minLength",
        "maxItems", "pattern", "properties", "patternProperties", "additionalProperties", "propertyNames", "required",
        "items",
    ]

    func accepts(_ value: JSONValue) -> Bool { accepts(value, by: root) }

    private func accepts(_ value: JSONValue, by schema: JSONValue) -> Bool {
        guard case .object(let members) = schema else { return schema == true }
        return members.allSatisfy { accepts(value, keyword: $0.key, $0.value, of: schema) }
    }

    private func accepts(_ value: JSONValue, keyword: String, _ argument: JSONValue, of schema: JSONValue) -> Bool {
        switch (keyword, argument, value) {
        case ("$ref", .string(let reference), _):
            let name = String(reference.dropFirst("#/$defs/".count))
            return root["$defs"]?[name].map { accepts(value, by: $0) } ?? false
        case ("type", .string(let type), _): return value.isOf(type)
        case ("type", .array(let types), _):
            return types.contains { type in
                guard case .string(let type) = type else { return false }
                return value.isOf(type)
            }
        case ("anyOf", .array(let schemas), _): return schemas.contains { accepts(value, by: $0) }
        case ("enum", .array(let values), _): return values.contains(value)
        case ("minimum", .number(let least), .number(let number)): return (Double(number) ?? 0) >= (Double(least) ?? 0)
        case ("maximum", .number(let most), .number(let number)): return (Double(number) ?? 0) <= (Double(most) ?? 0)
        case ("minLength", .number(let least), .string(let text)): return text.unicodeScalars.count >= Int(least) ?? 0
        case ("maxItems", .number(let most), .array(let elements)): return elements.count <= Int(most) ?? 0
        case ("pattern", .string(let pattern), .string(let text)): return matches(text, pattern)
        case ("items", _, .array(let elements)): return elements.allSatisfy { accepts($0, by: argument) }
        case ("required", .array(let names), .object(let members)):
            return names.allSatisfy { name in members.contains { .string($0.key) == name } }
        case ("propertyNames", _, .object(let members)):
            return members.allSatisfy { accepts(.string($0.key), by: argument) }
        case ("properties", .object(let properties), .object(let members)):
            return members.allSatisfy { member in
                properties.first { $0.key == member.key }.map { accepts(member.value, by: $0.value) } ?? true
            }
        case ("additionalProperties", _, .object(let members)):
            return members.allSatisfy { isNamed($0.key, in: schema) || accepts($0.value, by: argument) }
        default: return true
        }
    }

    private func isNamed(_ key: String, in schema: JSONValue) -> Bool {
        guard case .object(let patterns)? = schema["patternProperties"] else {
            return schema["properties"]?[key] != nil
        }
        return schema["properties"]?[key] != nil || patterns.contains { matches(key, $0.key) }
    }

    private func matches(_ text: String, _ pattern: String) -> Bool {
        (try? Regex(pattern).firstMatch(in: text)) != nil
    }
}

extension JSONValue {
    fileprivate func isOf(_ type: String) -> Bool {
        switch self {
        case .null: type == "null"
        case .boolean: type == "boolean"
        case .number(let digits): type == "number" || type == "integer" && Int(digits) != nil
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }

    /// What an editor takes a node for (YAML 1.2's core schema).
    init(_ node: Node) {
        switch node.content {
        case .null: self = .null
        case .scalar(let text, isQuoted: true): self = .string(text)
        case .scalar("true", _): self = true
        case .scalar("false", _): self = false
        case .scalar(let text, _):
            let isNumber = text.utf8.allSatisfy { "+-.0123456789eE".utf8.contains($0) } && Double(text) != nil
            self = isNumber ? .number(text) : .string(text)
        case .sequence(let nodes): self = .array(nodes.map { JSONValue($0) })
        case .mapping(let entries): self = .object(entries.map { Member($0.key, JSONValue($0.value)) })
        }
    }
}
