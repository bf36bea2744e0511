extension Definition {
    /// A list, each of its elements by one definition; a list with a fault in it is no value.
    static func list<Element: Sendable>(
        of element: Definition<Element>, form: String
    ) -> Definition where Value == [Element] {
        Definition(form: form, schema: ["type": "array", "items": element.schema]) { node, key, report in
            guard case .sequence(let nodes) = node.content else { return report.mismatch(node, of: key, form: form) }
            let elements = nodes.compactMap { element.read($0, key, &report) }
            return elements.count == nodes.count ? elements : nil
        }
    }

    /// A mapping from names of the writer's choice, each of its values by one definition.
    ///
    /// - Parameters:
    ///   - name: which names there may be.
    ///   - isPartial: entries with a fault are left out; otherwise a mapping with a fault in it is no value.
    static func dictionary<Element: Sendable>(
        of element: Definition<Element>, form: String, name: NameRule, isPartial: Bool = false
    ) -> Definition where Value == [NamedValue<Element>] {
        let schema: JSONValue = [
            "type": "object", "propertyNames": ["pattern": .string(name.pattern)],
            "additionalProperties": element.schema,
        ]
        return Definition(form: form, schema: schema) { node, key, report in
            guard case .mapping(let entries) = node.content else { return report.mismatch(node, of: key, form: form) }
            var values: [NamedValue<Element>] = []
            for entry in entries where !entry.key.hasPrefix("x-") || !name.leavesExtensions {
                guard name.accepts(entry.key) else {
                    report.error(
                        at: entry.keyLocation, "`\(entry.key.shortened)` is no name of \(name.thing)",
                        remedy: "it is \(name.form)")
                    continue
                }
                guard let value = element.read(entry.value, entry.key, &report) else { continue }
                values.append(NamedValue(name: Located(entry.key, at: entry.keyLocation), value: value))
            }
            let expected = entries.count { !$0.key.hasPrefix("x-") || !name.leavesExtensions }
            return isPartial || values.count == expected ? values : nil
        }
    }
}

/// An entry of a mapping whose keys are names of the writer's choice.
struct NamedValue<Value: Sendable>: Sendable {
    var name: Located<String>
    var value: Value
}

/// Which names may be given to a kind of thing.
struct NameRule: Sendable {
    /// What is named: `a port`.
    let thing: String
    /// In words, as it ends the sentence "it is …".
    let form: String
    /// For the JSON Schema; says the same as `accepts`.
    let pattern: String
    /// `x-…` is no name but an extension, to be passed over.
    var leavesExtensions = false
    let accepts: @Sendable (String) -> Bool

    /// Ports and listeners: they become part of a variable's name, of `${port.NAME}` and of LISTEN_FDNAMES.
    static func endpoint(_ thing: String) -> NameRule {
        NameRule(
            thing: thing, form: "a letter, then letters, digits, `_` and `-`, 63 at the most",
            pattern: "^[A-Za-z][A-Za-z0-9_-]{0,62}$"
        ) { name in
            name.utf8.first.map(isLetter) == true && name.utf8.count <= 63
                && name.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D }
        }
    }

    /// Environment variables.
    static let variable = NameRule(
        thing: "a variable", form: "any text without `=`", pattern: "^[^=]+$"
    ) { !$0.isEmpty && !$0.utf8.contains(0x3D) && !$0.utf8.contains(0) }

    /// Fields of an HTTP request: tokens of RFC 9110, section 5.6.2.
    static let header = NameRule(
        thing: "a header", form: "letters, digits and any of !#$%&'*+-.^_`|~",
        pattern: "^[-!#$%&'*+.^_`|~A-Za-z0-9]+$"
    ) { name in
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                isLetter(byte) || (0x30...0x39).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
