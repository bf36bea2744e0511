import ControlProtocol

/// JSON Schema (draft 2020-12, as OpenAPI 3.1 has it) of documents and of what stands in them.
extension JSONWriter {
    mutating func member(_ name: String, _ text: String) {
        key(name)
        string(text)
    }

    mutating func content(_ contents: [(mediaType: String, schema: JSONSchema)]) {
        key("content")
        object { writer in
            for (mediaType, schema) in contents {
                writer.key(mediaType)
                writer.object { writer in
                    writer.key("schema")
                    if mediaType == "application/json" || mediaType == ControlProblem.mediaType {
                        writer.write(schema)
                    } else {
                        writer.writeText(of: schema)
                    }
                }
            }
        }
    }

    /// Text, of which each message or line is such a document, where it is one.
    private mutating func writeText(of schema: JSONSchema) {
        object { writer in
            writer.member("type", "string")
            if case .string = schema { return }
            writer.member("contentMediaType", "application/json")
            writer.key("contentSchema")
            writer.write(schema)
        }
    }

    mutating func schema(of document: any WireDocument.Type) {
        object { writer in
            writer.member("type", "object")
            writer.member("description", document.summary)
            writer.key("properties")
            writer.object { writer in
                for property in document.descriptions {
                    writer.key(property.key)
                    writer.object { writer in
                        writer.members(of: property.schema)
                        writer.member("description", property.text)
                    }
                }
            }
            writer.key("required")
            document.descriptions.filter(\.isRequired).map(\.key).write(to: &writer)
            if document is any WireRequest.Type {
                writer.key("additionalProperties")
                writer.literal("false")
            }
        }
    }

    mutating func write(_ schema: JSONSchema) {
        object { $0.members(of: schema) }
    }

    private mutating func members(of schema: JSONSchema) {
        switch schema {
        case .string(let format):
            member("type", "string")
            if let format { format == "byte" ? member("contentEncoding", "base64") : member("format", format) }
        case .integer(let minimum, let maximum):
            member("type", "integer")
            bounds(minimum, maximum)
        case .number(let minimum, let maximum):
            member("type", "number")
            bounds(minimum, maximum)
        case .boolean: member("type", "boolean")
        case .words(let words):
            member("type", "string")
            key("enum")
            words.write(to: &self)
        case .array(let element):
            member("type", "array")
            key("items")
            write(element)
        case .map(let value):
            member("type", "object")
            key("additionalProperties")
            write(value)
        case .nullable(let inner):
            key("anyOf")
            array { writer in
                writer.write(inner)
                writer.object { $0.member("type", "null") }
            }
        case .document(let type): member("$ref", "#/components/schemas/\(type.schemaName)")
        case .oneOf(let choices):
            key("oneOf")
            array { writer in
                for choice in choices { writer.write(choice) }
            }
        case .anyObject: member("type", "object")
        }
    }

    private mutating func bounds(_ minimum: Int64?, _ maximum: Int64?) {
        for (name, bound) in [("minimum", minimum), ("maximum", maximum)] {
            guard let bound else { continue }
            key(name)
            literal(String(bound))
        }
    }
}
