/// A tool's arguments, checked as they are read; what is wrong is told in words for the caller.
public struct Arguments: Sendable {
    private let values: [String: JSONValue]

    /// Arguments among which there is none that the tool does not know.
    ///
    /// - Throws: ``ToolError`` naming one that it does not.
    public init(_ values: [String: JSONValue], known: Set<String>) throws(ToolError) {
        if let stranger = values.keys.sorted().first(where: { !known.contains($0) }) {
            throw ToolError("unknown argument: \(stranger)")
        }
        self.values = values
    }

    /// A text; nil where the argument is absent or null.
    public func text(_ name: String) throws(ToolError) -> String? {
        switch values[name] {
        case .string(let text) where !text.utf8.contains(0): return text
        case .null, nil: return nil
        case .string, .bool, .integer, .number, .array, .object: throw ToolError("\(name) should be a text")
        }
    }

    /// A whole number within a range; nil where the argument is absent or null.
    public func wholeNumber(_ name: String, in range: ClosedRange<Int>) throws(ToolError) -> Int? {
        switch values[name] {
        case .integer(let number) where range.contains(number): return number
        case .null, nil: return nil
        case .bool, .integer, .number, .string, .array, .object:
            throw ToolError("\(name) should be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
    }
}
