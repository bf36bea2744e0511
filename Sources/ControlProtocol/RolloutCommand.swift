/// What can be asked of a service's rollout, by `POST /v1/services/{name}/rollout/{command}`.
public enum RolloutCommand: Hashable, Sendable {
    case pause
    /// Go on after a pause that somebody asked for, or after a failure.
    case resume
    /// Go on to the next step now; `fully`: leave out all the steps that are left.
    case promote(fully: Bool = false)
    /// Go back: to the revision of that number, or to the latest good one but the present.
    case undo(to: Int? = nil)
}

/// The body of `POST /v1/services/{name}/rollout/promote`.
public struct PromoteRequest: Hashable, Codable, Sendable {
    /// Leave out all the steps that are left.
    public var fully: Bool

    public init(fully: Bool = false) {
        self.fully = fully
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        fully = try container.decodeIfPresent(Bool.self, forKey: .fully) ?? false
    }
}

/// The body of `POST /v1/services/{name}/rollout/undo`.
public struct UndoRequest: Hashable, Codable, Sendable {
    /// The number of a revision; nil is the latest good one but the present.
    public var revision: Int?

    public init(revision: Int? = nil) {
        self.revision = revision
    }
}

extension PromoteRequest: WireRequest {
    public static let summary = "How far a rollout is to go on."
    public static let properties: [WireProperty<PromoteRequest>] = [
        .omissible("fully", \.fully, "Leave out all the steps that are left.")
    ]
}

extension UndoRequest: WireRequest {
    public static let summary = "What a service is to go back to."
    public static let properties: [WireProperty<UndoRequest>] = [
        .optional(
            "revision", \.revision,
            "The number of a revision, as the history has it; without it, the latest good one but the present.",
            schema: .integer(minimum: 1))
    ]
}
