/// What can stand in a document of the control API: it writes itself as JSON, and says what that looks like.
public protocol JSONValue: Sendable {
    static var schema: JSONSchema { get }
    func write(to writer: inout JSONWriter)
}

/// What a value looks like, as far as JSON Schema needs to know.
public indirect enum JSONSchema: Sendable {
    case string(format: String? = nil)
    case integer(minimum: Int64? = nil, maximum: Int64? = nil)
    case number(minimum: Int64? = nil, maximum: Int64? = nil)
    case boolean
    /// One of these words.
    case words([String])
    case array(JSONSchema)
    /// An object whose keys are anything.
    case map(JSONSchema)
    case nullable(JSONSchema)
    /// A document, by reference to its own schema.
    case document(any WireDocument.Type)
    case oneOf([JSONSchema])
    /// An object, whatever its keys.
    case anyObject
}

extension String: JSONValue {
    public static var schema: JSONSchema { .string() }
    public func write(to writer: inout JSONWriter) { writer.string(self) }
}

extension Bool: JSONValue {
    public static var schema: JSONSchema { .boolean }
    public func write(to writer: inout JSONWriter) { writer.literal(self ? "true" : "false") }
}

extension Int: JSONValue {
    public static var schema: JSONSchema { .integer() }
    public func write(to writer: inout JSONWriter) { writer.literal(String(self)) }
}

extension Int32: JSONValue {
    public static var schema: JSONSchema { .integer(minimum: Int64(min), maximum: Int64(max)) }
    public func write(to writer: inout JSONWriter) { writer.literal(String(self)) }
}

extension UInt64: JSONValue {
    public static var schema: JSONSchema { .integer(minimum: 0) }
    public func write(to writer: inout JSONWriter) { writer.literal(String(self)) }
}

extension Double: JSONValue {
    public static var schema: JSONSchema { .number() }

    /// A whole number without a fraction, as `JSONEncoder` has it; JSON has no word for what is not finite.
    public func write(to writer: inout JSONWriter) {
        let text = "\(self)"
        writer.literal(!isFinite ? "null" : text.hasSuffix(".0") ? text.dropLast(2) : text[...])
    }
}

extension Timestamp: JSONValue {
    public static var schema: JSONSchema { .string(format: "date-time") }
    public func write(to writer: inout JSONWriter) { writer.string(description) }
}

extension Array: JSONValue where Element: JSONValue {
    public static var schema: JSONSchema { .array(Element.schema) }

    public func write(to writer: inout JSONWriter) {
        writer.array { writer in
            for element in self { element.write(to: &writer) }
        }
    }
}

extension Dictionary: JSONValue where Key == String, Value: JSONValue {
    public static var schema: JSONSchema { .map(Value.schema) }

    public func write(to writer: inout JSONWriter) {
        writer.object { writer in
            for (key, value) in self.sorted(by: { $0.key < $1.key }) {
                writer.key(key)
                value.write(to: &writer)
            }
        }
    }
}

extension JSONValue where Self: RawRepresentable & CaseIterable, RawValue == String {
    public static var schema: JSONSchema { .words(allCases.map(\.rawValue)) }
    public func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}
