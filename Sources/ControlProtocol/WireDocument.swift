/// A document of the control API. Its properties are listed once: what writes it and what describes it are made of the
/// list.
public protocol WireDocument: JSONValue, Codable, Hashable {
    /// What it is, in a sentence.
    static var summary: String { get }
    /// In the order of their keys.
    static var properties: [WireProperty<Self>] { get }
}

extension WireDocument {
    /// Its name among the schemas of the API.
    public static var schemaName: String {
        let name = "\(Self.self)"
        return name.hasSuffix("Document") ? String(name.dropLast("Document".count)) : name
    }

    public static var schema: JSONSchema { .document(Self.self) }

    public func write(to writer: inout JSONWriter) {
        writer.object { writer in
            for property in Self.properties { property.write(self, &writer) }
        }
    }

    /// Its properties without the document's type.
    public static var descriptions: [PropertyDescription] { properties.map(\.description) }
}

/// A document that clients send: what is not among its properties is refused.
public protocol WireRequest: WireDocument {}

/// What is said of a property of a document.
public struct PropertyDescription: Sendable {
    public var key: String
    public var schema: JSONSchema
    /// Whether it is always there.
    public var isRequired: Bool
    public var text: String
}

/// One property of a document. Each is an object, as they are gone through for every document that is written: of a
/// structure, each part would be retained.
public final class WireProperty<Document>: Sendable {
    public let description: PropertyDescription
    let write: @Sendable (Document, inout JSONWriter) -> Void

    /// One that is always there.
    public init<Value: JSONValue>(
        _ key: String, _ value: @escaping @Sendable (Document) -> Value, _ text: String,
        schema: JSONSchema = Value.schema
    ) {
        description = PropertyDescription(key: key, schema: schema, isRequired: true, text: text)
        let key = JSONWriter.Key(key)
        write = { document, writer in
            writer.key(key)
            value(document).write(to: &writer)
        }
    }

    /// One that is there where it has a value.
    public static func optional<Value: JSONValue>(
        _ key: String, _ value: @escaping @Sendable (Document) -> Value?, _ text: String,
        schema: JSONSchema = Value.schema
    ) -> WireProperty {
        let description = PropertyDescription(key: key, schema: schema, isRequired: false, text: text)
        let key = JSONWriter.Key(key)
        return WireProperty(description) { document, writer in
            guard let value = value(document) else { return }
            writer.key(key)
            value.write(to: &writer)
        }
    }

    /// One that is always there, and null where it has no value.
    public static func nullable<Value: JSONValue>(
        _ key: String, _ value: @escaping @Sendable (Document) -> Value?, _ text: String
    ) -> WireProperty {
        let description = PropertyDescription(
            key: key, schema: .nullable(Value.schema), isRequired: true, text: text)
        let key = JSONWriter.Key(key)
        return WireProperty(description) { document, writer in
            writer.key(key)
            if let value = value(document) { value.write(to: &writer) } else { writer.literal("null") }
        }
    }

    /// One of a request that a client may leave out.
    public static func omissible<Value: JSONValue>(
        _ key: String, _ value: @escaping @Sendable (Document) -> Value, _ text: String
    ) -> WireProperty {
        optional(key, { value($0) }, text)
    }

    /// The event that the answer to a command names.
    static func event(_ value: @escaping @Sendable (Document) -> UInt64) -> WireProperty {
        .init(
            "event", value,
            "The newest event before those of the command: whoever follows the events after it misses nothing.")
    }

    private init(
        _ description: PropertyDescription, _ write: @escaping @Sendable (Document, inout JSONWriter) -> Void
    ) {
        self.description = description
        self.write = write
    }
}
