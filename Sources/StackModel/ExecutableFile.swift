/// A program's file by its content, so that a release can be told from one that merely has the same path.
public struct ExecutableFile: Hashable, Sendable {
    /// Absolute.
    public var path: String
    /// The hash of its content, in lower-case hexadecimal.
    public var digest: String

    public init(path: String, digest: String) {
        self.path = path
        self.digest = digest
    }
}
