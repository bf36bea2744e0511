import StackModel

/// Values of specs as a stack file writes them: `$` doubled where it stands for itself.
extension JSONValue {
    static func template(_ template: Template) -> JSONValue { .string(template.description) }
    static func templates(_ templates: [Template]) -> JSONValue { .array(templates.map { .template($0) }) }
    static func integer(_ value: Int) -> JSONValue { .number(String(value)) }
    static func duration(_ value: Duration) -> JSONValue { .string(value.text) }

    /// Nil for what has no member: it is not written at all.
    static func nonEmpty(_ members: [Member]) -> JSONValue? { members.isEmpty ? nil : .object(members) }
    static func nonEmpty(_ elements: [JSONValue]) -> JSONValue? {
        elements.isEmpty ? nil : .array(elements)
    }
    var unlessEmpty: JSONValue? { self == .object([]) ? nil : self }

    /// A text that refers to nothing.
    static func plain(_ text: String) -> JSONValue { .string(TemplateForm.escaped(text)) }
}

extension UInt16 {
    var octalText: String {
        let digits = String(self, radix: 8)
        return String(repeating: "0", count: Swift.max(0, 4 - digits.count)) + digits
    }
}
