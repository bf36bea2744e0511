/// A file that a service reads and that is nobody else's to know.
public struct SecretSpec: Hashable, Sendable {
    public var name: String
    /// Absolute.
    public var path: String
    /// Tells one content from another without telling what it is; nil until the daemon has read the file, or where
    /// there is none.
    public var digest: String?

    public init(name: String, path: String, digest: String? = nil) {
        self.name = name
        self.path = path
        self.digest = digest
    }
}

/// What is done when an applied stack file finds the content of a secret changed.
public enum SecretChangeAction: Hashable, Sendable {
    /// The instances are replaced.
    case rollout
    /// They are sent a signal, upon which they read it again.
    case signal(Signal)
    case nothing
}
