/// A JSON value whose objects keep the order of their members, so that what is printed from it is always the same.
enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// In decimal notation, as it is printed.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Hashable, Sendable {
        var key: String
        var value: JSONValue

        init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// Those of an object; none of anything else.
    var members: [Member] {
        guard case .object(let members) = self else { return [] }
        return members
    }

    /// The value of a key; nil where this is no object or has no such key.
    subscript(key: String) -> JSONValue? {
        members.first { $0.key == key }?.value
    }

    /// An object of those pairs whose value is not nil.
    static func present(_ pairs: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(pairs.compactMap { key, value in value.map { Member(key, $0) } })
    }

    /// This object with further members at its end; anything else stays as it is.
    func adding(_ members: [Member]) -> JSONValue {
        guard case .object(let own) = self else { return self }
        return .object(own + members)
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .boolean(value) }
    init(integerLiteral value: Int) { self = .number(String(value)) }
    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

extension JSONValue {
    /// As RFC 8259 has it, two spaces a level, lists of plain values on one line.
    var text: String {
        var result = ""
        write(to: &result, indentation: 0)
        return result
    }

    private var isPlain: Bool {
        switch self {
        case .null, .boolean, .number, .string: true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        }
    }

    private func write(to result: inout String, indentation: Int) {
        switch self {
        case .null: result += "null"
        case .boolean(let value): result += value ? "true" : "false"
        case .number(let digits): result += digits
        case .string(let value): result += Self.quoted(value)
        case .array(let elements) where elements.allSatisfy(\.isPlain):
            result += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { result += ", " }
                element.write(to: &result, indentation: indentation)
            }
            result += "]"
        case .array(let elements):
            Self.writeBlock(elements, between: ("[", "]"), to: &result, indentation: indentation) { element, result in
                element.write(to: &result, indentation: indentation + 1)
            }
        case .object(let members) where members.isEmpty: result += "{}"
        case .object(let members):
            Self.writeBlock(members, between: ("{", "}"), to: &result, indentation: indentation) { member, result in
                result += Self.quoted(member.key) + ": "
                member.value.write(to: &result, indentation: indentation + 1)
            }
        }
    }

    private static func writeBlock<Element>(
        _ elements: [Element], between brackets: (String, String), to result: inout String, indentation: Int,
        write: (Element, inout String) -> Void
    ) {
        result += brackets.0
        for (index, element) in elements.enumerated() {
            result += (index > 0 ? ",\n" : "\n") + String(repeating: "  ", count: indentation + 1)
            write(element, &result)
        }
        result += "\n" + String(repeating: "  ", count: indentation) + brackets.1
    }

    /// In double quotes; what a terminal or a YAML reader might take for something else is escaped, so that the
    /// result is a YAML double-quoted scalar as well.
    static func quoted(_ value: String) -> String {
        var result = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}", "\u{FFFE}", "\u{FFFF}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
