/// One fault of a stack file, or one thing that its writer should know.
public struct Diagnostic: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable {
        /// The file is refused.
        case error
        /// The file is accepted.
        case warning
    }

    public var severity: Severity
    /// Nil where no place can be named, as for a file that does not exist.
    public var location: SourceLocation?
    /// What is wrong.
    public var message: String
    /// What would be right.
    public var remedy: String?
    /// The source line, for the caret; nil where it is not known.
    public var sourceLine: String?

    public init(
        _ severity: Severity = .error, at location: SourceLocation?, _ message: String, remedy: String? = nil,
        sourceLine: String? = nil
    ) {
        self.severity = severity
        self.location = location
        self.message = message
        self.remedy = remedy
        self.sourceLine = sourceLine
    }
}
