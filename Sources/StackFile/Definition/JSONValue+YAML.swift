extension JSONValue {
    /// As a YAML document: mappings in block style, lists of plain values in flow style.
    var yaml: String {
        var result = ""
        writeYAML(to: &result, indentation: 0)
        return result.hasSuffix("\n") ? result : result + "\n"
    }

    /// Writes the value where a line's content may begin, and ends it with a newline.
    private func writeYAML(to result: inout String, indentation: Int) {
        switch self {
        case .object(let members) where !members.isEmpty:
            for (index, member) in members.enumerated() {
                if index > 0 { result += String(repeating: "  ", count: indentation) }
                result += Self.yamlScalar(member.key) + ":"
                member.value.writeYAMLAfterKey(to: &result, indentation: indentation)
            }
        case .array(let elements) where !elements.allSatisfy(\.isScalar):
            for (index, element) in elements.enumerated() {
                if index > 0 { result += String(repeating: "  ", count: indentation) }
                result += "- "
                element.writeYAML(to: &result, indentation: indentation + 1)
            }
        case .null, .boolean, .number, .string, .array, .object:
            result += flowYAML + "\n"
        }
    }

    private func writeYAMLAfterKey(to result: inout String, indentation: Int) {
        let isBlock: Bool
        switch self {
        case .object(let members): isBlock = !members.isEmpty
        case .array(let elements): isBlock = !elements.allSatisfy(\.isScalar)
        case .null, .boolean, .number, .string: isBlock = false
        }
        result += isBlock ? "\n" + String(repeating: "  ", count: indentation + 1) : " "
        writeYAML(to: &result, indentation: indentation + 1)
    }

    private var isScalar: Bool {
        switch self {
        case .null, .boolean, .number, .string: true
        case .array, .object: false
        }
    }

    /// In flow style, on one line.
    private var flowYAML: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let digits): digits
        case .string(let value): Self.yamlScalar(value)
        case .array(let elements): "[" + elements.map(\.flowYAML).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\(Self.yamlScalar($0.key)): \($0.value.flowYAML)" }.joined(separator: ", ") + "}"
        }
    }

    /// For people, on one line: a text by itself is not quoted.
    var inlineText: String {
        guard case .string(let value) = self else { return flowYAML }
        return value
    }

    /// Plain where nobody can take it for anything but a text, in double quotes elsewhere.
    private static func yamlScalar(_ value: String) -> String {
        let isPlain =
            value.utf8.first.map(isLetterOrSlash) == true
            && value.utf8.allSatisfy { isLetterOrSlash($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E }
            && !wordsWithOtherMeanings.contains(value.lowercased())
        return isPlain ? value : quoted(value)
    }

    private static func isLetterOrSlash(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2F || byte == 0x5F
    }

    /// What YAML 1.1 and 1.2 readers take for booleans and null.
    private static let wordsWithOtherMeanings: Set<String> = [
        "true", "false", "yes", "no", "on", "off", "y", "n", "null",
    ]
}
