import Glibc

/// The program's settings: its environment, which is where a supervisor puts them.
public struct Settings: Sendable {
    private let values: [String: String]

    /// Settings from these variables.
    public init(_ values: [String: String]) {
        self.values = values
    }

    /// The variables that this process was started with.
    public static func ofProcess() -> Settings {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                values[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return Settings(values)
    }

    /// A variable's value; an empty one counts as unset, as it does in the shell's `${NAME:-default}`.
    public subscript(_ name: String) -> String? {
        values[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A whole number within a range.
    ///
    /// - Throws: ``SettingError`` where the variable is set to anything else.
    public func integer(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws(SettingError) -> Int {
        guard let text = self[name] else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            throw SettingError(
                name: name, value: text, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The sockets that the supervisor passed to this process.
    ///
    /// - Throws: ``ListenerError``.
    public func inheritedListeners() throws(ListenerError) -> InheritedListeners {
        try InheritedListeners(environment: values, processID: getpid())
    }
}

/// A setting that makes no sense.
public struct SettingError: Error, CustomStringConvertible {
    /// The variable.
    public var name: String
    /// What it is set to.
    public var value: String
    /// What would be right.
    public var expected: String

    /// A complaint about a setting.
    public init(name: String, value: String, expected: String) {
        self.name = name
        self.value = value
        self.expected = expected
    }

    public var description: String { "\(name)=\(value) should be \(expected)" }
}
