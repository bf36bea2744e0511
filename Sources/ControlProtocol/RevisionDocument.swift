/// One entry of a service's history: a revision that its replicas were, or are, made from.
public struct RevisionDocument: Hashable, Codable, Sendable {
    /// Why a service's replicas are made from a revision.
    public enum Cause: String, Hashable, Codable, Sendable, CaseIterable {
        /// It is the service's first.
        case started
        case restartRequested = "restart_requested"
        /// Files changed that are watched for the service.
        case filesChanged = "files_changed"
        /// Its definition, or its executable, is another in an applied stack file.
        case changed
        /// A service that it depends on, with `restart: true`, was replaced.
        case dependencyReplaced = "dependency_replaced"
        /// Somebody asked for what a former revision was.
        case undone
        /// The rollout of another revision failed.
        case rolledBack = "rolled_back"
    }

    public enum Outcome: String, Hashable, Codable, Sendable, CaseIterable {
        case underWay = "under_way"
        /// All of its replicas were available: it can be gone back to.
        case good
        case failed
        /// Another took over before it was done.
        case superseded
    }

    /// A program's file by its content.
    public struct Executable: Hashable, Codable, Sendable {
        /// Absolute.
        public var path: String
        /// The hash of its content, in lower-case hexadecimal.
        public var digest: String

        public init(path: String, digest: String) {
            self.path = path
            self.digest = digest
        }
    }

    /// From 1, one more with each; what has come back has a new number.
    public var number: Int
    public var revision: String
    /// Nil where its command runs no file that was found.
    public var executable: Executable?
    public var cause: Cause
    /// The cause in words.
    public var detail: String
    public var since: Timestamp
    /// When its rollout ended.
    public var ended: Timestamp?
    public var outcome: Outcome
    /// Why it failed.
    public var reason: String?

    public init(
        number: Int, revision: String, executable: Executable? = nil, cause: Cause, detail: String, since: Timestamp,
        ended: Timestamp? = nil, outcome: Outcome, reason: String? = nil
    ) {
        self.number = number
        self.revision = revision
        self.executable = executable
        self.cause = cause
        self.detail = detail
        self.since = since
        self.ended = ended
        self.outcome = outcome
        self.reason = reason
    }
}

extension RevisionDocument.Cause: JSONValue {}
extension RevisionDocument.Outcome: JSONValue {}

extension RevisionDocument: WireDocument {
    public static let summary = "A revision that a service's replicas were, or are, made from."
    public static let properties: [WireProperty<RevisionDocument>] = [
        .init(
            "cause", \.cause,
            """
            started: it is the first; restart_requested; files_changed: files that are watched; changed: another \
            definition or executable was applied; dependency_replaced: what it depends on was; undone: somebody asked \
            for what was before; rolled_back: the rollout of another failed.
            """),
        .init("detail", \.detail, "The cause in words."),
        .optional("ended", \.ended, "When its rollout ended."),
        .optional("executable", \.executable, "The file that its command runs."),
        .init("number", \.number, "From 1, one more with each; what has come back has a new number."),
        .init(
            "outcome", \.outcome,
            """
            under_way; good: all of its replicas were available, and it can be gone back to; failed; superseded: \
            another took over before it was done.
            """),
        .optional("reason", \.reason, "Why it failed."),
        .init("revision", \.revision, "The hash of its resolved definition and its executable."),
        .init("since", \.since, "When it came into force."),
    ]
}

extension RevisionDocument.Executable: WireDocument {
    public static let summary = "A program's file by its content."
    public static let properties: [WireProperty<RevisionDocument.Executable>] = [
        .init("digest", \.digest, "The hash of its content."),
        .init("path", \.path, "Where it was found; absolute."),
    ]
}
